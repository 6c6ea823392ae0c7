"""An instrumented app under test, what it is asked, and the traces that it leaves."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from mlflow.entities import Trace

from tests.acceptance.shapes.family import Shape
from tests.acceptance.shapes.visits import REQUEST_ID
from tests.servers.app_server import AppServer
from tests.servers.process import waited
from tests.servers.traces import TraceReader, parse, picture, trees

FOREIGN_TO_OUR_LOG = "different Context"
PATIENCE = 30.0  # seconds for what has ended to be readable in MLflow
EDGES = ("model_to_tools", "tools_to_model")
"""The functions behind the edges of an agent's graph, which LangChain 1.0 shows and later ones do not."""


class Service:
    """One app server with an experiment of its own, in which nothing but its traces can be."""

    def __init__(
        self, app: str, *, folder: Path, tracking_uri: str, environment: Mapping[str, str] | None = None, **server: Any
    ) -> None:
        """Start `module:app`; `server` is passed on to AppServer."""
        experiment = f"acceptance-{uuid.uuid4().hex[:12]}"
        settings = {
            "OTEL_MLFLOW_TRACKING_URI": tracking_uri,
            "OTEL_MLFLOW_EXPERIMENT_NAME": experiment,
        }
        self.server = AppServer(app, folder=folder, environment=settings | dict(environment or {}), **server)
        self.reader = TraceReader(tracking_uri, experiment)

    def client(self, **options: Any) -> httpx.AsyncClient:
        """A client of the app, with a connection for each request.

        One that is kept for the next request may be closed by the server just as that is sent.
        """
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        return httpx.AsyncClient(base_url=self.server.url, timeout=150, limits=limits, **options)

    def visit(self, shapes: Sequence[Shape]) -> dict[str, str]:
        """Make these requests all at once; return the trace's id, as the app told it, of each X-Request-ID."""
        return asyncio.run(self._visit(shapes))

    def flush(self) -> None:
        """Have all that has ended delivered."""
        answer = httpx.post(f"{self.server.url}/control/flush", timeout=150)
        assert answer.json() is True, f"flush() answered {answer.text}; the log:\n{self.server.log[-4000:]}"

    def get(self, path: str, **options: Any) -> httpx.Response:
        """One request, answered well."""
        return httpx.get(self.server.url + path, timeout=60, **options).raise_for_status()

    def traces(self, spans: Mapping[str, int], *, since: float) -> list[Trace]:
        """All traces that began since then, as soon as each of these requests', by its id, has so many spans.

        What there is when patience ends is returned as it is, for the caller to compare with what it expected.
        """
        found: list[Trace] = []

        def all_there() -> bool:
            self.flush()
            found[:] = self.reader.traces(since=since)
            there = {request_id_of(trace): len(trace.data.spans) for trace in found}
            return all(there.get(request_id, 0) >= expected for request_id, expected in spans.items())

        waited(all_there, seconds=PATIENCE)
        return found

    async def _visit(self, shapes: Sequence[Shape]) -> dict[str, str]:
        async with self.client() as client:
            ids = [uuid.uuid4().hex for _ in shapes]
            visits = [shape.visit(client, shape, {REQUEST_ID: id_}) for shape, id_ in zip(shapes, ids, strict=True)]
            return dict(zip(ids, await asyncio.gather(*visits), strict=True))


def request_id_of(trace: Trace) -> str | None:
    """The `X-Request-ID` of the answer: the caller's or the application's own, else the one that was made up."""
    return trace.info.client_request_id or trace.info.tags.get("request_id")


def check(service: Service, shapes: Sequence[Shape]) -> None:
    """Make these requests all at once: each leaves exactly its trace, and there is no other, and no complaint."""
    since, log_before = time.time(), len(service.server.log)
    told = service.visit(shapes)
    traces = service.traces(spans_of(told, shapes), since=since)
    assert summary(map(described, traces)) == summary(map(expected, shapes))
    assert {trace.info.client_request_id: trace.info.trace_id for trace in traces} == told
    check_log(service.server.log[log_before:], traceback_expected=any(shape.raises for shape in shapes))


def spans_of(told: Iterable[str], shapes: Iterable[Shape]) -> dict[str, int]:
    """How many spans each request leaves, by its id."""
    return {request_id: len(parse(shape.tree)) for request_id, shape in zip(told, shapes, strict=True)}


def check_log(log: str, *, traceback_expected: bool = False) -> None:
    """The server logged no lost context, and no exception but the app's own."""
    assert FOREIGN_TO_OUR_LOG not in log, log[-6000:]
    assert traceback_expected or "Traceback" not in log, log[-6000:]


def described(trace: Trace) -> str:
    """A trace's outcome, state and whole tree, as text."""
    outcome = trace.info.tags.get("otel_mlflow.outcome", "without outcome")
    spans = [span for span in trace.data.spans if span.name not in EDGES]
    return f"{outcome}, {trace.info.state.value}\n{picture(trees(spans))}"


def expected(shape: Shape) -> str:
    """The same of the trace that a shape must leave."""
    state = "ERROR" if shape.root.endswith("!") else "OK"
    return f"{shape.outcome}, {state}\n{picture([parse(shape.tree)])}"


def summary(descriptions: Collection[str] | map[str]) -> str:
    """How often there is each of these, as text that shows well what differs."""
    counted = Counter(descriptions)
    return "\n".join(f"{counted[description]} x {description}" for description in sorted(counted))
