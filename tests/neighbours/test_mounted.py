"""A user interface mounted in an application: its visitors see what they saw without us, and the trees are exact."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.acceptance.service import described
from tests.neighbours.folder import MOUNTED
from tests.neighbours.visiting import visit_twice
from tests.servers.app_server import REPOSITORY, AppServer
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import clean_environment, waited
from tests.servers.traces import TraceReader, parse, picture

ROUTE = "GET /beside/{name} > work"
TREES = {
    # Gradio runs events in a queue of its own, outside the requests that put them there.
    "gradio": [
        ROUTE,
        "GET /ui/",
        "GET /ui/config",
        "GET /ui/gradio_api/info",
        "POST /ui/gradio_api/queue/join",
        "GET /ui/gradio_api/queue/data",
        "greet",
        "POST /ui/gradio_api/run/{api_name} > greet",
    ],
    "nicegui": [ROUTE, "GET /ui/ > page", "GET /ui/ > page", "GET /ui/_nicegui_ws/{path} > greet"],
    "chainlit": [ROUTE, "GET /ui/{full_path}", "GET /ui/ws/socket.io/{path} > [greet, greet]"],
}
NOT_COMPARED = {"x-mlflow-trace-id", "x-request-id", "date", "content-length"}
"""What we add, and what follows from the time and from the ids in a page."""
IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=\"app_id\":)[0-9]+")
"""Of a client, of an application: others in each process."""

pytestmark = pytest.mark.neighbours


class Visited:
    """What the visitors of a user interface saw, and the traces that they left."""

    def __init__(self, name: str, folder: Path, server: MlflowServer, *, traced: bool) -> None:
        environment = {
            "MOUNTED": name,
            "TRACED": "yes" if traced else "no",
            "PYTHONPATH": f"{REPOSITORY}:{MOUNTED}",
            "HOME": str(folder),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "OTEL_MLFLOW_TRACKING_URI": server.url,
            "OTEL_MLFLOW_EXPERIMENT_NAME": str(folder),
        }
        app = AppServer("tests.neighbours.mounted_app:app", folder=folder, environment=environment)
        try:
            self.answers = [_essence(app, path) for path in ("/beside/ada", "/ui/")]
            self.seen = _seen(name, app, environment)
            self.traces = _traces(TraceReader(server.url, str(folder)), len(TREES[name])) if traced else []
        finally:
            app.terminate()
        self.log = app.log


def _essence(app: AppServer, path: str) -> tuple[int, list[tuple[str, str]], str]:
    """An answer without what is another each time."""
    answer = httpx.get(app.url + path, timeout=60)
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in NOT_COMPARED]
    return answer.status_code, headers, IDS.sub("<id>", answer.text.replace(app.url, ""))


def _seen(name: str, app: AppServer, environment: dict[str, str]) -> list[str]:
    """What the interface's own client says, in a process that has it on its path."""
    command = [sys.executable, "-m", "tests.neighbours.mounted_clients", name, f"{app.url}/ui"]
    said = subprocess.run(
        command, cwd=app.folder, env=clean_environment(environment), stdout=subprocess.PIPE, timeout=120, check=True
    )
    seen: list[str] = json.loads(said.stdout)
    return seen


def _traces(reader: TraceReader, count: int) -> list[str]:
    found: list[str] = []

    def all_there() -> bool:
        found[:] = sorted(described(trace) for trace in reader.traces())
        return len(found) == count

    waited(all_there, seconds=30)
    return found


@pytest.fixture(scope="module", params=list(TREES))
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mlflow_server: MlflowServer
) -> tuple[Visited, Visited]:
    """The visits without us and with us."""
    return visit_twice(Visited, request.param, tmp_path_factory.mktemp(request.param), mlflow_server)


def test_the_pages_are_the_same(both: tuple[Visited, Visited]) -> None:
    """Status, body and headers but for the two that we add, of the interface and of a route beside it."""
    untraced, traced = both
    assert traced.answers == untraced.answers
    assert [status for status, _, _ in traced.answers] == [200, 200]


def test_the_client_sees_the_same(both: tuple[Visited, Visited]) -> None:
    """Over the interface's own protocol."""
    untraced, traced = both
    assert traced.seen == untraced.seen
    assert traced.seen[0] == "Hello ada"


def test_the_traces_are_exact(both: tuple[Visited, Visited], request: pytest.FixtureRequest) -> None:
    """One a request or connection, with the spans of user code that runs in it."""
    _, traced = both
    name = request.node.callspec.params["both"]
    assert traced.traces == sorted(_expected(tree) for tree in TREES[name])


def _expected(tree: str) -> str:
    """Outcome, state and tree; without an outcome where there is no request."""
    outcome = "ok" if " " in tree else "without outcome"
    return f"{outcome}, OK\n{picture([parse(tree)])}"


def test_nothing_complains(both: tuple[Visited, Visited]) -> None:
    """No lost context, and no failure of ours."""
    _, traced = both
    assert "different Context" not in traced.log
    assert "otel-mlflow: WARNING" not in traced.log, traced.log[-4000:]
