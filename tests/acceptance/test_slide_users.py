"""Many people at once, each with sessions and an experiment of their own, over four workers of which one is killed."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient
from mlflow.entities import Trace

from app.turns.jobs import LOST
from tests.acceptance.slide_service import SECONDS, TURN_OUTCOME, SlideService
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import TraceReader, trees

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]
USERS, TURNS, WORKERS, PATIENCE = 20, 10, 4, 300
PROMISED = 10.0
"""Seconds, generously: the 250 ms from what a worker tells to where its trace is on disk, which were 1.7 s where
twenty people and eight busy processes wait for two cores."""
WAYS = ("/api/chat", "/api/chat/stream", "/api/chat/async")
MEASURES = ("revenue", "units", "cost", "profit")
DIMENSIONS = ("region", "product", "quarter", "year", "month")


Telling = tuple[datetime, datetime]


class TurnLostError(Exception):
    """The worker that was at a turn was killed; the person asks again."""


@dataclass
class User:
    """A person, the question of each trace that they were answered in, and how often they had to ask again.

    `tellings` says when a worker told something in each of these traces: not before, and not after.
    """

    number: int
    session_id: str = ""
    told: dict[str, str] = field(default_factory=dict)
    tellings: dict[str, list[Telling]] = field(default_factory=dict)
    deck: Any = None
    lost: int = 0

    @property
    def email(self) -> str:
        """As the proxy says who it is."""
        return f"user{self.number}@example.com"

    @property
    def headers(self) -> dict[str, str]:
        """What the proxy sends with each request."""
        return {"X-Forwarded-Email": self.email}

    def question(self, turn: int) -> str:
        """What this user asks in this turn: ten different questions, in another order than the next user's."""
        return f"{MEASURES[(self.number + turn // 5) % 4]} by {DIMENSIONS[(self.number + turn) % 5]}"


@pytest.fixture
def service(mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[SlideService]:
    """Four workers, an experiment for each user."""
    service = SlideService(
        folder=tmp_path / "slides",
        tracking_uri=mlflow_server.url,
        environment={"SLIDES_USER_EXPERIMENT": f"{tmp_path.name}-{{user}}"},
        workers=WORKERS,
        patience=180.0,
    )
    yield service
    service.server.terminate()


async def ask(client: httpx.AsyncClient, user: User, path: str, question: str) -> tuple[httpx.Response, Telling]:
    """Ask, until no turn runs in the session any more. Raises `TurnLostError` where the worker was killed."""
    asked = {"message": question, "max_slides": 2, "session_id": user.session_id}
    while True:
        begun = _now()
        try:
            answer = await client.post(path, json=asked, headers=user.headers)
        except httpx.TransportError as error:
            raise TurnLostError from error
        if answer.status_code != httpx.codes.CONFLICT:
            assert answer.is_success, f"{path} answered {answer.status_code}: {answer.text}"
            return answer, (begun, _now())
        # A worker that was killed may hold the session until the kernel has let go of all that it had.
        await asyncio.sleep(0.1)


async def take(client: httpx.AsyncClient, user: User, turn: int) -> tuple[Any, list[Telling]]:
    """One turn, in one way or another; its answer. Raises `TurnLostError` where its worker was killed."""
    path = WAYS[(user.number + turn) % 3]
    answer, ordered = await ask(client, user, path, user.question(turn))
    if path == "/api/chat":
        return answer.json(), [_end(answer.json())]
    if path == "/api/chat/stream":
        result = await done(client, user, answer.headers["Content-Location"][17:])
        return result, [_end(result)]
    # Of a job that had not begun another worker can take the rest: what the killed one told is the order.
    result = await done(client, user, answer.json()["request_id"])
    return result, [ordered, _end(result)]


async def done(client: httpx.AsyncClient, user: User, job: str) -> Any:
    """Poll until the job is over; what it brought."""
    while True:
        try:
            answer = await client.get(f"/api/chat/poll/{job}", headers=user.headers)
        except httpx.TransportError:
            continue  # the worker that was asked has died: another one knows
        assert answer.is_success, f"the poll of {job} answered {answer.status_code}: {answer.text}"
        polled = answer.json()
        if polled["status"] == "completed":
            return polled["result"]
        if polled["status"] == "error":
            assert polled["detail"] == LOST
            raise TurnLostError
        await asyncio.sleep(0.5)


async def live(client: httpx.AsyncClient, user: User) -> None:
    """All turns of one user, one after another, in one session; a turn that was lost is asked for again."""
    turn = 0
    while turn < TURNS:
        try:
            answer, tellings = await take(client, user, turn)
        except TurnLostError:
            user.lost += 1
            assert user.lost <= TURNS
            continue
        trace_id = answer["metadata"]["trace_id"]
        user.told[trace_id] = f"{user.question(turn)} in {user.session_id}"
        user.tellings[trace_id] = tellings
        user.deck = answer["slide_deck"]
        turn += 1


async def begin(client: httpx.AsyncClient, user: User) -> None:
    """Make the session, while all workers live."""
    user.session_id = (await client.post("/api/sessions", headers=user.headers)).json()["session_id"]


async def kill_one(service: SlideService, users: list[User]) -> datetime:
    """Kill a worker when half of the turns are done; when that was."""
    while sum(len(user.told) for user in users) < USERS * TURNS / 2:
        await asyncio.sleep(0.05)
    workers = re.findall(r"Started server process \[(\d+)\]", service.server.log)
    assert len(workers) == WORKERS, service.server.log
    os.kill(int(workers[-1]), signal.SIGKILL)
    return _now()


async def all_live(service: SlideService) -> list[User]:
    """Everybody at once."""
    users = [User(number) for number in range(USERS)]
    # A connection for each request: one that is kept may lead to the worker that is gone.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=service.server.url, timeout=PATIENCE, limits=limits) as client:
        await asyncio.gather(*(begin(client, user) for user in users))
        killing = asyncio.create_task(kill_one(service, users))
        await asyncio.gather(killing, *(live(client, user) for user in users))
    for user in users:
        user.told = {
            id_: text
            for id_, text in user.told.items()
            if not any(_is_just_before(telling, killing.result()) for telling in user.tellings[id_])
        }
    return users


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _end(answer: Any) -> Telling:
    """From the last message, by the clock of the turn's worker, until now, when the answer is here."""
    last = answer["messages"][-1]["timestamp"].replace("Z", "+00:00")  # Python 3.10 does not know the Z
    return datetime.fromisoformat(last), _now()


def _is_just_before(telling: Telling, kill: datetime) -> bool:
    """Whether what was told is not promised: it had no time to reach the disk."""
    earliest, latest = telling
    return earliest <= kill <= latest + timedelta(seconds=PROMISED)


def said(trace: Trace) -> str:
    """What a trace is about, from its root and its metadata."""
    (root,) = [span for span in trace.data.spans if span.parent_id is None]
    return f"{root.inputs['message']} in {trace.info.trace_metadata.get('mlflow.trace.session')}"


def test_nothing_is_in_the_wrong_place(service: SlideService, mlflow_server: MlflowServer, tmp_path: Path) -> None:
    """Not one deck, trace, span, session, user, token or run: each user's experiment holds that user's ten turns."""
    users = asyncio.run(all_live(service))
    client = MlflowClient(mlflow_server.url)
    for user in users:
        name = f"{tmp_path.name}-{user.email}"
        _check_traces(_when_whole(service, TraceReader(mlflow_server.url, name), user), user)
        _check_runs(client, name, user)
        kept = service.get(f"/api/slides?session_id={user.session_id}", headers=user.headers).json()
        assert kept == user.deck


def _when_whole(service: SlideService, reader: TraceReader, user: User) -> list[Trace]:
    """The traces of an experiment, when those that were answered are there with turn and user."""
    lacking: dict[str, str] = {}

    def whole() -> list[Trace] | None:
        traces = reader.traces()
        lacking.clear()
        lacking.update(dict.fromkeys(user.told, "the trace"))
        lacking.update({trace.info.trace_id: _lacking(trace) for trace in traces if trace.info.trace_id in user.told})
        return None if any(lacking.values()) else traces

    def waiting_for() -> str:
        return f"{ {id_: what for id_, what in lacking.items() if what} }; {service.status()}"

    return until(whole, seconds=PATIENCE, waiting_for=waiting_for)


def _lacking(trace: Trace) -> str:
    """What is not there yet: the span that saves the turn, its outcome, the tokens of its model calls added up."""
    names = [span.name for span in trace.data.spans]
    used, counted = sum(_tokens(trace)), (trace.info.token_usage or {}).get("total_tokens")
    if "save_turn" not in names:
        return f"save_turn among {names}"
    if TURN_OUTCOME not in trace.info.tags:
        return f"an outcome among {trace.info.tags}"
    return "" if used == counted else f"{used} tokens, not {counted}"


def _tokens(trace: Trace) -> list[int]:
    """What each model call used."""
    used: list[Any] = [span.get_attribute("mlflow.chat.tokenUsage") for span in trace.data.spans]
    return [usage["total_tokens"] for usage in used if usage]


def _check_traces(traces: list[Trace], user: User) -> None:
    """Each turn once and whole, as this user's, with the tokens of its model calls; and nothing but what was lost."""
    answered = [trace for trace in traces if trace.info.trace_id in user.told]
    assert {trace.info.trace_id: said(trace) for trace in answered} == user.told
    assert len(answered) == len(user.told) <= len(traces) <= TURNS + user.lost
    assert all(trace.info.trace_metadata["mlflow.trace.user"] == user.email for trace in answered)
    assert all(len(trees(trace.data.spans)) == 1 for trace in answered)
    assert Counter(span.name for trace in answered for span in trace.data.spans)["save_turn"] == len(answered)
    assert all(len(_tokens(trace)) >= 2 for trace in answered)


def _check_runs(client: MlflowClient, experiment: str, user: User) -> None:
    """A run for each turn, named after the session."""
    found = client.get_experiment_by_name(experiment)
    assert found
    runs = until(
        lambda: runs if len(runs := client.search_runs([found.experiment_id])) >= len(user.told) else None,
        seconds=SECONDS,
        waiting_for=lambda: f"the runs of {experiment}",
    )
    assert len(user.told) <= len(runs) <= TURNS + user.lost
    assert {run.info.run_name for run in runs} <= {f"slide_generation_{user.session_id}", "slide_generation_"}
