"""Whole apps and a workspace: what a newcomer sees, and what their users never notice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient

from tests.databricks.sending import NAME, read_back
from tests.servers.app_server import AppServer
from tests.servers.black_hole import silent_host
from tests.servers.process import until
from tests.servers.traces import parse, picture, trees
from tests.servers.workspace import CLIENT_ID, CLIENT_SECRET, TOKEN, USER, Fault, Workspace

HELLO = "tests.acceptance.apps.hello:app"
MANY = "tests.databricks.apps.many:served"
TURN = "GET /turns/{user}/{turn} > plan > [work, work]"

Serve = Callable[..., AppServer]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start an app for one test, by `module:app`; the folder is its home and its current folder."""
    with ExitStack() as stopped:

        def start(app: str, environment: dict[str, str]) -> AppServer:
            named = {"OTEL_MLFLOW_EXPERIMENT_NAME": NAME, "MLFLOW_TRACKING_URI": "databricks"}
            server = AppServer(app, folder=tmp_path / "app", environment={**named, **environment})
            stopped.callback(server.terminate)
            return server

        yield start


def prepare(folder: Path, name: str, text: str) -> None:
    """Put a file into the folder before the app starts in it."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def flushed(server: AppServer) -> bool:
    """Have all delivered."""
    return httpx.post(f"{server.url}/control/flush", timeout=90).json() is True


def test_the_case_behind_this_project(workspace: Workspace, serve: Serve, tmp_path: Path) -> None:
    """The DEFAULT profile wins because nobody loaded the .env that is right: the start-up line tells all of it."""
    profile = f"[DEFAULT]\nhost = {workspace.url}\ntoken = {TOKEN}\n"
    prepare(tmp_path / "app", ".databrickscfg", profile)
    right = "DATABRICKS_HOST=https://right.example.com\nDATABRICKS_TOKEN=dapi-right\n"
    prepare(tmp_path / "app", ".env", right)
    server = serve(HELLO, {})
    until(lambda: "traces go to" in server.log, seconds=60, waiting_for=lambda: f"the start-up line in {server.log}")
    [line] = [line for line in server.log.splitlines() if "traces go to" in line]
    assert workspace.url in line
    assert f"as {USER}" in line
    assert "profile DEFAULT of ~/.databrickscfg" in line
    assert ".env is not loaded and says otherwise: DATABRICKS_HOST=https://right.example.com" in line
    assert "dapi-right" not in server.log
    assert TOKEN not in server.log


@pytest.mark.parametrize(
    "credentials",
    [
        {"DATABRICKS_TOKEN": TOKEN},
        {"DATABRICKS_CLIENT_ID": CLIENT_ID, "DATABRICKS_CLIENT_SECRET": CLIENT_SECRET},
    ],
    ids=["token", "service principal"],
)
def test_a_workspace_that_answers_nothing_is_waited_for_by_nobody(credentials: dict[str, str], serve: Serve) -> None:
    """The server starts, answers and ends while the workspace has not said a word; SIGTERM is enough."""
    with silent_host() as port:
        server = serve(MANY, {"DATABRICKS_HOST": f"http://127.0.0.1:{port}", **credentials})
        assert httpx.get(f"{server.url}/turns/ada/1", timeout=30).json() == "done"
        assert server.terminate() == -signal.SIGTERM, "not killed: uvicorn raises the signal again once all is done"


def test_requests_are_answered_while_storage_says_nothing(workspace: Workspace, serve: Serve) -> None:
    """Storage holds every connection: the requests do not notice, and nothing is lost."""
    workspace.storage_server.faults.add(".*", Fault(hangs=True))
    server = serve(MANY, workspace.environment)
    for number in range(20):
        assert httpx.get(f"{server.url}/turns/ada/{number}", timeout=30).json() == "done"
    until(lambda: workspace.storage_server.requests, seconds=60, waiting_for=lambda: "the first spans at the storage")
    workspace.storage_server.faults.clear()
    assert flushed(server)
    assert len(workspace.storage.files) == 20


def test_a_request_and_its_run_arrive(as_user: Workspace, client: MlflowClient, serve: Serve) -> None:
    """The whole tree, the session's user, and a run that is found from the trace and finds it."""
    settings = {
        "DATABRICKS_APP_NAME": "shop",
        "OTEL_MLFLOW_RUNS__MODE": "request",
        "OTEL_MLFLOW_RUNS__NAME": "a turn",
    }
    server = serve(MANY, {**as_user.environment, **settings})
    httpx.get(f"{server.url}/turns/ada/1", headers={"X-Forwarded-Email": "bob@example.com"}, timeout=30)
    assert flushed(server)
    [trace] = read_back(client, "/Users/ada/agent").values()
    assert picture(trees(trace.data.spans)) == picture([parse(TURN)])
    assert trace.info.trace_metadata["mlflow.trace.user"] == "bob@example.com"
    assert (trace.info.request_preview, trace.info.response_preview) == (
        '{"query": {}, "path_params": {"user": "ada", "turn": "1"}}',
        '"done"',
    )
    [root] = [span for span in trace.data.spans if span.parent_id is None]
    assert (root.inputs, root.outputs) == ({"query": {}, "path_params": {"user": "ada", "turn": "1"}}, "done")
    run = client.get_run(trace.info.trace_metadata["mlflow.sourceRun"])
    assert (run.info.run_name, run.info.status) == ("a turn", "FINISHED")
    assert run.data.tags["otel_mlflow.trace_id"] == trace.info.trace_id
    assert run.data.metrics["latency_seconds"] > 0


@pytest.mark.parametrize(
    ("users", "turns"), [(8, 3), pytest.param(50, 20, marks=pytest.mark.soak)], ids=["some", "many"]
)
def test_no_turn_lands_in_another_users_experiment(
    users: int, turns: int, as_user: Workspace, client: MlflowClient, serve: Serve
) -> None:
    """All of them at once, over threads and tasks: each experiment holds its user's turns, whole, and no others."""
    server = serve(MANY, as_user.environment)
    asyncio.run(all_at_once(server, users, turns))
    until(lambda: flushed(server), seconds=240, waiting_for=lambda: f"all turns; {len(as_user.traces.infos)} are there")
    for user in range(users):
        found = read_back(client, f"/Users/u{user}/agent").values()
        assert {trace.info.tags["turn"] for trace in found} == {f"u{user} {turn}" for turn in range(turns)}
        assert {picture(trees(trace.data.spans)) for trace in found} == {picture([parse(TURN)])}
    assert len(as_user.traces.infos) == users * turns


async def all_at_once(server: AppServer, users: int, turns: int) -> None:
    """Every turn of every user."""
    limits: Any = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=server.url, timeout=120, limits=limits) as visitor:
        urls = [f"/turns/u{user}/{turn}" for turn in range(turns) for user in range(users)]
        answers = await asyncio.gather(*(visitor.get(url) for url in urls))
    assert all(answer.is_success for answer in answers)
