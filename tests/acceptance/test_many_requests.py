"""What shows only after many requests: leaks into the context, and traces lost to spans that end late."""

from __future__ import annotations

import asyncio

import pytest

from tests.acceptance.service import Service, check
from tests.acceptance.shapes import afterwards, departures, streams
from tests.acceptance.shapes.catalogue import SHAPES

BACKGROUND = [shape for shape in afterwards.family.shapes if "background" in shape.url and not shape.raises]


def test_the_context_outside_a_request_is_empty_after_a_thousand(shapes: Service) -> None:
    """Nothing that a request puts into the OpenTelemetry context stays there, whichever shape it had."""
    kinds = [shape for shape in SHAPES if shape in (*streams.family.shapes, *departures.family.shapes)]

    async def ask() -> None:
        async with shapes.client() as client:
            for _ in range(25):
                await asyncio.gather(*(client.get("/handlers/nothing") for _ in range(40)))

    asyncio.run(ask())
    shapes.visit(kinds)
    shapes.flush()
    assert shapes.get("/control/leaks").json() == []


def test_a_hundred_requests_with_background_tasks_leave_a_hundred_whole_traces(shapes: Service) -> None:
    """Spans that end after the response, and after the root, are never lost."""
    check(shapes, BACKGROUND * 50)


@pytest.mark.soak
@pytest.mark.parametrize("repetition", range(20))
def test_they_do_so_twenty_times_in_a_row(shapes: Service, repetition: int) -> None:
    """The loss that others show is a matter of luck: some runs go well."""
    check(shapes, BACKGROUND * 50)
