"""The very first requests of a process: nothing is lost to whatever is set up on first use."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Serve
from tests.acceptance.service import check
from tests.acceptance.shapes import afterwards, handlers, langchain

SHAPES = "tests.acceptance.shapes.app:served"
BY_URL = {
    shape.url: shape for family in (handlers.family, langchain.family, afterwards.family) for shape in family.shapes
}


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("/handlers/async", marks=pytest.mark.soak),
        "/agent/ainvoke",
        "/afterwards/background-sync",
    ],
)
def test_the_first_request_of_a_process_leaves_its_whole_trace(serve: Serve, url: str) -> None:
    """One request to a server that has only just begun to accept."""
    check(serve(SHAPES), [BY_URL[url]])


def test_the_first_forty_requests_at_once_leave_their_whole_traces(serve: Serve) -> None:
    """All of them race for whatever is set up on first use."""
    check(serve(SHAPES), [BY_URL["/agent/ainvoke"], BY_URL["/handlers/sync"]] * 20)
