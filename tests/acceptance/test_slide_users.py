"""Many people at once, each with sessions and an experiment of their own, over two workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient
from mlflow.entities import Trace

from tests.acceptance.slide_service import SECONDS, SlideService
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import TraceReader, trees

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]
USERS, TURNS, PATIENCE = 20, 10, 300
WAYS = ("/api/chat", "/api/chat/stream", "/api/chat/async")
MEASURES = ("revenue", "units", "cost", "profit")
DIMENSIONS = ("region", "product", "quarter", "year", "month")


@pytest.fixture
def service(mlflow_server: MlflowServer, tmp_path: Path) -> Any:
    """Two workers, an experiment for each user."""
    service = SlideService(
        folder=tmp_path / "slides",
        tracking_uri=mlflow_server.url,
        environment={"SLIDES_USER_EXPERIMENT": f"{tmp_path.name}-{{user}}"},
        workers=2,
    )
    yield service
    service.server.terminate()


def question(user: int, turn: int) -> str:
    """What this user asks in this turn: nobody else asks it in these words."""
    return f"{MEASURES[user % 4]} by {DIMENSIONS[turn % 5]} for user {user} turn {turn}"


async def take(client: httpx.AsyncClient, user: int, turn: int, session_id: str | None) -> tuple[str, str]:
    """One turn, in one way or another; the ids of its session and its trace."""
    asked = {"message": question(user, turn), "max_slides": 2, "session_id": session_id}
    answer = await client.post(WAYS[(user + turn) % 3], json=asked, headers=headers(user))
    answer.raise_for_status()
    if answer.request.url.path.endswith("/async"):
        await done(client, user, answer.json()["request_id"])
        return answer.json()["session_id"], answer.json()["trace_id"]
    if answer.request.url.path.endswith("/stream"):
        of = session_id or answer.text.partition('"session_id": "')[2].partition('"')[0]
        assert "event: complete" in answer.text
        return of, answer.headers["X-MLflow-Trace-Id"]
    return answer.json()["session_id"], answer.json()["metadata"]["trace_id"]


async def done(client: httpx.AsyncClient, user: int, job: str) -> None:
    """Poll until the job is completed."""
    while (answer := await client.get(f"/api/chat/poll/{job}", headers=headers(user))).json()["status"] != "completed":
        assert answer.json()["status"] in ("pending", "running"), answer.text
        await asyncio.sleep(0.2)


def headers(user: int) -> dict[str, str]:
    """As the proxy says who it is."""
    return {"X-Forwarded-Email": f"user{user}@example.com"}


async def live(client: httpx.AsyncClient, user: int) -> dict[str, str]:
    """All turns of one user, one after another, in one session; the question of each trace."""
    session_id, told = None, dict[str, str]()
    for turn in range(TURNS):
        session_id, trace_id = await take(client, user, turn, session_id)
        told[trace_id] = f"{question(user, turn)} in {session_id}"
    return told


async def all_live(url: str) -> list[dict[str, str]]:
    """Everybody at once."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits) as client:
        return await asyncio.gather(*(live(client, user) for user in range(USERS)))


def said(trace: Trace) -> str:
    """What a trace is about, from its root and its metadata."""
    (root,) = [span for span in trace.data.spans if span.parent_id is None]
    return f"{root.inputs['message']} in {trace.info.trace_metadata.get('mlflow.trace.session')}"


def test_nothing_is_in_the_wrong_place(service: SlideService, mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """Not one trace, span, session, user or run: each user's experiment holds that user's ten turns, whole."""
    told = asyncio.run(all_live(service.server.url))
    client = MlflowClient(mlflow_server.url)
    for user in range(USERS):
        name = f"{tmp_path.name}-user{user}@example.com"
        reader = TraceReader(mlflow_server.url, name)
        traces = _when_whole(reader, told[user])
        assert {trace.info.trace_id: said(trace) for trace in traces} == told[user]
        assert {trace.info.trace_metadata["mlflow.trace.user"] for trace in traces} == {f"user{user}@example.com"}
        assert all(len(trees(trace.data.spans)) == 1 for trace in traces)
        assert Counter(span.name for trace in traces for span in trace.data.spans)["save_turn"] == TURNS
        _check_runs(client, name, told[user])


def _when_whole(reader: TraceReader, told: dict[str, str]) -> list[Trace]:
    """The traces of an experiment, when those that were told are there with turn and user."""

    def whole() -> list[Trace] | None:
        traces = reader.traces()
        done = [
            trace
            for trace in traces
            if any(span.name == "save_turn" for span in trace.data.spans) and "turn.outcome" in trace.info.tags
        ]
        return traces if len(done) >= len(told) else None

    return until(whole, seconds=PATIENCE, waiting_for=lambda: f"{len(told)} traces in {reader.experiment}")


def _check_runs(client: MlflowClient, experiment: str, told: dict[str, str]) -> None:
    """A run for each turn, named after the session."""
    found = client.get_experiment_by_name(experiment)
    assert found
    sessions = {words.rpartition(" in ")[2] for words in told.values()}
    runs = until(
        lambda: runs if len(runs := client.search_runs([found.experiment_id])) >= TURNS else None,
        seconds=SECONDS,
        waiting_for=lambda: f"the runs of {experiment}",
    )
    assert len(runs) == TURNS
    assert {run.info.run_name for run in runs} == {f"slide_generation_{session}" for session in sessions}
