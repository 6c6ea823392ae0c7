"""The stream, seen piece by piece: events as they happen, comments in between, and a client that leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.agent.agent import slide_agent
from app.data.genie import EmbeddedSpace
from app.settings import AppSettings
from app.turns.failures import CANCELLED
from tests.app.listener import SECONDS, Listener
from tests.app.models import Held, held, scripted, speak

PATH = "/api/chat/stream"
QUESTION = {"message": "revenue by region in 2024"}
pytestmark = pytest.mark.anyio


@pytest.fixture
async def model(app: FastAPI, settings: AppSettings) -> AsyncIterator[Held]:
    """A model that waits until the test lets it go."""
    model = held()
    impatient = settings.model_copy(update={"heartbeat_seconds": 0.01})
    speak(app, impatient, slide_agent(model, {"": EmbeddedSpace()}))
    yield model
    model.released.set()


async def test_events_come_before_the_model_has_finished(app: FastAPI, model: Held) -> None:
    """The session is told while the model has not said a word yet; the rest follows when it does."""
    listener = Listener(app, PATH, QUESTION)
    await listener.hears("event: session_created")
    assert "event: tool_call" not in listener.text
    model.released.set()
    await listener.hears("event: complete")


async def test_silence_is_filled_with_comments(app: FastAPI, model: Held) -> None:
    """So that no proxy takes the connection for dead."""
    listener = Listener(app, PATH, QUESTION)
    await listener.hears(": heartbeat\n\n")
    model.released.set()
    await asyncio.wait_for(listener.request, SECONDS)


async def test_a_client_that_leaves_loses_nothing(app: FastAPI, model: Held, client: httpx.AsyncClient) -> None:
    """The turn goes on; where the stream said it could be taken up again, the rest is told, and the deck is kept."""
    listener = Listener(app, PATH, QUESTION)
    await listener.hears("event: session_created")
    assert await asyncio.to_thread(model.reached.wait, SECONDS)
    await listener.leave()
    ordered = json.loads(listener.text.split("data: ")[1].partition("\n")[0])
    assert listener.headers["content-location"] == f"/api/chat/events/{ordered['request_id']}"
    model.released.set()
    resumed = ""
    while "event: complete" not in resumed:
        resumed += (await client.get(listener.headers["content-location"], params={"after": 0})).text
    deck = await client.get("/api/slides", params={"session_id": ordered["session_id"]})
    assert deck.json()["slide_count"] > 0


async def test_a_turn_that_its_client_left_can_be_cancelled(
    app: FastAPI, model: Held, client: httpx.AsyncClient
) -> None:
    """Nobody hears it any more, and its end is in the conversation."""
    of = (await client.post("/api/sessions")).json()["session_id"]
    listener = Listener(app, PATH, {**QUESTION, "session_id": of})
    assert await asyncio.to_thread(model.reached.wait, SECONDS)
    await listener.leave()
    assert (await client.post(f"/api/chat/{of}/cancel")).json()["cancelled"] is True
    told = await client.get(listener.headers["content-location"])
    assert told.text.strip().split("\n\n")[-1].split("\n")[1] == "event: cancelled"
    kept = (await client.get(f"/api/sessions/{of}/messages")).json()["messages"]
    assert [one["content"] for one in kept] == [QUESTION["message"], CANCELLED]


async def test_a_turn_that_is_cancelled_ends_the_stream_with_a_word(
    app: FastAPI, model: Held, client: httpx.AsyncClient
) -> None:
    """The last event says so."""
    of = (await client.post("/api/sessions")).json()["session_id"]
    listener = Listener(app, PATH, {**QUESTION, "session_id": of})
    assert await asyncio.to_thread(model.reached.wait, SECONDS)
    await client.post(f"/api/chat/{of}/cancel")
    await asyncio.wait_for(listener.request, SECONDS)
    assert "event: cancelled\n" in listener.text.strip().split("\n\n")[-1]


async def test_the_stream_tells_what_the_answer_would(client: httpx.AsyncClient) -> None:
    """Session first, complete last, and in between each message as the answer has it."""
    answer = await client.post(PATH, json=QUESTION)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["X-Accel-Buffering"] == "no"
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert (names[0], names[-2:]) == ("session_created", ["assistant", "complete"])


async def test_a_known_session_is_not_created(client: httpx.AsyncClient) -> None:
    """`session_created` is told of a new one only."""
    of = (await client.post("/api/sessions")).json()["session_id"]
    assert "session_created" not in (await client.post(PATH, json={**QUESTION, "session_id": of})).text


async def test_a_stream_that_fails_ends_with_an_error(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """The detail and the ids, as an answer would have had them."""
    speak(app, settings, scripted("<!DOCTYPE html><p>Sorry</p>"))
    answer = await client.post(PATH, json=QUESTION, headers={"X-Request-ID": "r-1"})
    last = answer.text.strip().split("\n\n")[-1]
    assert "event: error\n" in last
    assert '"request_id": "r-1"' in last
