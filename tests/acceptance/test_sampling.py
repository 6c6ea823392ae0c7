"""Which of many requests arrive, and what the counts say of the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.acceptance.conftest import Serve
from tests.acceptance.service import Service
from tests.acceptance.shapes.visits import TRACE_ID
from tests.servers.process import waited

APP = "tests.acceptance.apps.polling:served"
CLIENTS = 8

Asked = list[tuple[str, str]]


async def ask(service: Service, paths: Iterator[str]) -> Asked:
    """Ask for one path after the other; each with the id of the trace that its answer names."""
    async with service.client() as client:
        return [(path, (await client.get(path)).headers[TRACE_ID]) for path in paths]


async def ask_all(service: Service, paths: list[str]) -> Asked:
    """The same from several clients at once."""
    shared = iter(paths)
    parts = await asyncio.gather(*(ask(service, shared) for _ in range(CLIENTS)))
    return [each for part in parts for each in part]


def ids_of(asked: Asked, path: str) -> set[str]:
    """The traces of the requests to one path."""
    return {trace_id for each, trace_id in asked if each == path}


def arrived(service: Service, since: float, expected: set[str]) -> set[str]:
    """The traces in MLflow, as soon as those expected are there."""
    found: set[str] = set()

    def look() -> bool:
        # Whether it is done within its minute does not matter here.
        httpx.post(f"{service.server.url}/control/flush", timeout=90)
        found.update(trace.info.trace_id for trace in service.reader.traces(since=since, spans=False))
        return found >= expected

    waited(look, seconds=240)
    return found


def counts(service: Service) -> dict[str, Any]:
    """What became of the requests, those apart that ask for this."""
    told: dict[str, Any] = service.get("/health").json()
    return {name: told[name] for name in ("sampled_out", "filtered", "traced", "delivered", "dropped")}


@pytest.mark.parametrize("half", [100, pytest.param(1000, marks=pytest.mark.soak)])
def test_polling_leaves_no_traces(serve: Serve, half: int) -> None:
    """`tracing.http_only_traces: drop`: of many requests, half of them polling, exactly the other half arrive."""
    service = serve(APP, environment={"OTEL_MLFLOW_TRACING__HTTP_ONLY_TRACES": "drop"})
    since = time.time()
    asked = asyncio.run(ask_all(service, ["/poll", "/work"] * half))
    working = ids_of(asked, "/work")
    assert arrived(service, since, working) == working
    assert counts(service) == {"sampled_out": 0, "filtered": half, "traced": half, "delivered": half, "dropped": 0}


def test_all_failures_arrive_at_any_rate(serve: Serve) -> None:
    """`tracing.keep_errors` with a rate of a tenth: every failed request, and few of the others."""
    service = serve(APP, environment={"OTEL_MLFLOW_TRACING__SAMPLE_RATE": "0.1"})
    since = time.time()
    asked = asyncio.run(ask_all(service, ["/work", "/fail"] * 100))
    failed = ids_of(asked, "/fail")
    found = arrived(service, since, failed)
    assert found >= failed
    told = counts(service)
    assert told["traced"] == told["delivered"] == len(found)
    assert told["sampled_out"] == 200 - len(found)
    # Ten of a hundred are expected; more than 25 come once in a million times.
    assert len(found - failed) < 26
