"""Another tracer or metrics beside us: everybody sees what they saw without us, and the tree is exact."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from tests.acceptance.service import Service, described
from tests.neighbours.beside import NEIGHBOURS, WATCHERS
from tests.neighbours.folder import INSTALLED
from tests.neighbours.visiting import visit_twice
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import waited
from tests.servers.traces import parse, picture

TREES = {
    "/agent/7": ("ok, OK", "GET /agent/{item} > outer > raw > inner"),
    "/stream": ("ok, OK", "GET /stream > [one, two]"),
    "/teapot": ("ok, OK", "GET /teapot"),
    "/failure": ("error, ERROR", "GET /failure!"),
    "/nowhere": ("ok, OK", "GET"),
}
OURS = {"x-mlflow-trace-id", "x-request-id", "date"}

pytestmark = pytest.mark.neighbours


class Visited:
    """What an application with a neighbour answered, what the neighbour saw of it, and the traces it left."""

    def __init__(self, neighbour: str, folder: Path, server: MlflowServer, *, traced: bool) -> None:
        environment = {"NEIGHBOUR": neighbour, "TRACED": "yes" if traced else "no"}
        service = Service(
            "tests.neighbours.app:served",
            folder=folder,
            tracking_uri=server.url,
            environment=environment,
            import_first=INSTALLED,
        )
        since = time.time()
        try:
            self.answers = {path: _essence(httpx.get(service.server.url + path, timeout=60)) for path in TREES}
            self.seen = service.get("/seen").text.replace(service.server.url, "")
            self.traces: list[str] = []
            if traced:
                waited(lambda: self._read(service, since), seconds=20)
            self.log = service.server.log
        finally:
            service.server.terminate()

    def _read(self, service: Service, since: float) -> bool:
        service.flush()
        self.traces = sorted(
            described(trace)
            for trace in service.reader.traces(since=since)
            if trace.info.tags.get("http.route") != "/seen"
        )
        return len(self.traces) == len(TREES)


def _essence(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in OURS]
    return answer.status_code, answer.content, headers


@pytest.fixture(scope="module", params=list(NEIGHBOURS))
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mlflow_server: MlflowServer
) -> tuple[Visited, Visited]:
    """The visits without us and with us."""
    return visit_twice(Visited, request.param, tmp_path_factory.mktemp(request.param), mlflow_server)


def test_the_answers_are_the_same(both: tuple[Visited, Visited]) -> None:
    """Status, body and headers but for the two that we add."""
    untraced, traced = both
    assert traced.answers == untraced.answers


@pytest.mark.parametrize("both", WATCHERS, indirect=True)
def test_the_neighbour_sees_the_same(both: tuple[Visited, Visited]) -> None:
    """Its own transactions, spans and counters, by name."""
    untraced, traced = both
    assert traced.seen == untraced.seen


def test_the_traces_are_exact(both: tuple[Visited, Visited]) -> None:
    """One trace a request, each span under the one in which it was opened."""
    _, traced = both
    assert traced.traces == sorted(f"{outcome}\n{picture([parse(tree)])}" for outcome, tree in TREES.values())


def test_nothing_complains(both: tuple[Visited, Visited]) -> None:
    """No lost context, and no failure of ours."""
    _, traced = both
    assert "different Context" not in traced.log
    assert "otel-mlflow: WARNING" not in traced.log, traced.log[-4000:]
