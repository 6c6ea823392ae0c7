"""Turns while they run: one at a time in each session, ended from outside, and as jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.agent.agent import slide_agent
from app.data.genie import EmbeddedSpace
from app.settings import AppSettings
from app.turns.failures import CANCELLED, OUR_FAULT
from tests.app.models import Held, held, scripted, speak

QUESTION = {"message": "revenue by region in 2024"}
SECONDS = 60
pytestmark = pytest.mark.anyio


@pytest.fixture
async def model(app: FastAPI, settings: AppSettings) -> AsyncIterator[Held]:
    """A model that waits until the test lets it go; it is let go in the end, whatever happens."""
    model = held()
    speak(app, settings, slide_agent(model, {"": EmbeddedSpace()}))
    yield model
    model.released.set()


async def order(client: httpx.AsyncClient, **asked: Any) -> Any:
    """Order a turn as a job."""
    answer = await client.post("/api/chat/async", json={**QUESTION, **asked})
    assert answer.status_code == 202, answer.text
    return answer.json()


async def running(client: httpx.AsyncClient, model: Held, **asked: Any) -> Any:
    """The same, when the model is being asked."""
    ordered = await order(client, **asked)
    assert await asyncio.to_thread(model.reached.wait, SECONDS)
    return ordered


async def polled(client: httpx.AsyncClient, ordered: Any, until: Callable[[Any], bool] | None = None) -> Any:
    """The job when it is as wanted; else when nothing more comes of it."""
    is_enough = until or (lambda job: job["status"] not in ("pending", "running"))

    async def look() -> Any:
        path = f"/api/chat/poll/{ordered['request_id']}"
        while not is_enough(found := (await client.get(path)).raise_for_status().json()):
            await asyncio.sleep(0.02)
        return found

    return await asyncio.wait_for(look(), SECONDS)


async def said_in(client: httpx.AsyncClient, session_id: str) -> list[str]:
    """The words of a session."""
    kept = (await client.get(f"/api/sessions/{session_id}/messages")).json()["messages"]
    return [one["content"] for one in kept if one["content"]]


async def test_a_job_brings_what_the_answer_would_have(client: httpx.AsyncClient) -> None:
    """The whole answer, and the events on the way to it."""
    job = await polled(client, await order(client))
    answer = (await client.post("/api/chat", json=QUESTION)).json()
    assert job["status"] == "completed"
    assert job["result"]["raw_html"] == answer["raw_html"]
    assert job["result"]["metadata"].keys() == answer["metadata"].keys()
    names = [event["event"] for event in job["events"]]
    assert sorted(names) == ["assistant", *["tool_call"] * 3, *["tool_result"] * 3]
    assert "detail" not in job


async def test_jobs_beyond_those_at_once_wait(app: FastAPI, settings: AppSettings, client: httpx.AsyncClient) -> None:
    """With room for one, the second is pending until the first is done."""
    model = held()
    narrow = settings.model_copy(update={"jobs_at_once": 1})
    speak(app, narrow, slide_agent(model, {"": EmbeddedSpace()}))
    first = await running(client, model)
    second = await order(client)
    assert (await polled(client, second, lambda job: True))["status"] == "pending"
    model.released.set()
    assert [(await polled(client, one))["status"] for one in (first, second)] == ["completed", "completed"]


async def test_a_job_that_fails_says_why(app: FastAPI, settings: AppSettings, client: httpx.AsyncClient) -> None:
    """Its detail is what the answer would have said, and the session is free again."""
    speak(app, settings, scripted("<!DOCTYPE html><p>Sorry</p>"))
    job = await polled(client, await order(client))
    assert (job["status"], "not a deck" in job["detail"]) == ("error", True)
    assert (await client.post("/api/chat", json={**QUESTION, "session_id": job["session_id"]})).status_code == 502


async def test_a_session_has_one_turn_at_a_time(client: httpx.AsyncClient, model: Held) -> None:
    """While it runs, another turn, a change to the deck and the session's end are each refused with 409."""
    of = (await running(client, model))["session_id"]
    asked = {**QUESTION, "session_id": of}
    refused = [
        *[await client.post(path, json=asked) for path in ("/api/chat", "/api/chat/stream", "/api/chat/async")],
        await client.delete("/api/slides/0", params={"session_id": of}),
        await client.put("/api/slides/reorder", params={"session_id": of}, json={"new_order": [0]}),
        await client.delete(f"/api/sessions/{of}"),
    ]
    assert [answer.status_code for answer in refused] == [409] * 6
    assert {answer.json()["detail"] for answer in refused} == {
        "A turn of this session is running. Wait for it, or cancel it."
    }


async def test_another_worker_refuses_it_too(client: httpx.AsyncClient, again: httpx.AsyncClient, model: Held) -> None:
    """The file says that a turn is running, to whoever asks."""
    of = (await running(client, model))["session_id"]
    assert (await again.post("/api/chat", json={**QUESTION, "session_id": of})).status_code == 409


async def test_sessions_go_side_by_side(client: httpx.AsyncClient, model: Held) -> None:
    """A turn of another session does not wait."""
    first = await running(client, model)
    second = await order(client)
    assert (await polled(client, second, lambda job: job["status"] == "running"))["status"] == "running"
    model.released.set()
    assert [(await polled(client, one))["status"] for one in (first, second)] == ["completed", "completed"]


async def test_a_cancelled_turn_leaves_the_deck_as_it_was(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """The job says so, so does the conversation, and the session is free for the next turn."""
    before = (await client.post("/api/chat", json=QUESTION)).json()
    of = {"session_id": before["session_id"]}
    model = held()
    speak(app, settings, slide_agent(model, {"": EmbeddedSpace()}))
    ordered = await running(client, model, **of)
    assert (await client.post(f"/api/chat/{of['session_id']}/cancel")).json() == {**of, "cancelled": True}
    job = await polled(client, ordered)
    model.released.set()
    assert (job["status"], job["detail"]) == ("cancelled", CANCELLED)
    assert (await client.get("/api/slides", params=of)).json() == before["slide_deck"]
    assert (await said_in(client, of["session_id"]))[-1] == CANCELLED
    assert (await client.post("/api/chat", json={**QUESTION, **of})).status_code == 200


async def test_a_turn_can_be_cancelled_at_another_worker(
    client: httpx.AsyncClient, again: httpx.AsyncClient, model: Held
) -> None:
    """The worker that has it finds out."""
    ordered = await running(client, model)
    assert (await again.post(f"/api/chat/{ordered['session_id']}/cancel")).json()["cancelled"] is True
    assert (await polled(client, ordered))["status"] == "cancelled"


async def test_a_job_that_waits_can_be_cancelled(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """Before it has begun, too; its session is free then."""
    model = held()
    speak(app, settings.model_copy(update={"jobs_at_once": 1}), slide_agent(model, {"": EmbeddedSpace()}))
    first = await running(client, model)
    waiting = await order(client)
    await client.post(f"/api/chat/{waiting['session_id']}/cancel")
    assert (await polled(client, waiting))["status"] == "cancelled"
    assert await said_in(client, waiting["session_id"]) == [QUESTION["message"], CANCELLED]
    model.released.set()
    await polled(client, first)


async def test_a_question_that_is_cancelled_is_answered_so(client: httpx.AsyncClient, model: Held) -> None:
    """Who waits for the answer learns that there will be none."""
    of = (await client.post("/api/sessions")).json()["session_id"]
    asked = asyncio.create_task(client.post("/api/chat", json={**QUESTION, "session_id": of}))
    assert await asyncio.to_thread(model.reached.wait, SECONDS)
    await client.post(f"/api/chat/{of}/cancel")
    answer = await asked
    assert (answer.status_code, answer.json()["detail"]) == (409, CANCELLED)


async def test_without_a_turn_there_is_nothing_to_cancel(client: httpx.AsyncClient) -> None:
    """It says so, and is no error."""
    of = (await client.post("/api/sessions")).json()["session_id"]
    assert (await client.post(f"/api/chat/{of}/cancel")).json() == {"session_id": of, "cancelled": False}


async def test_a_turn_that_fails_never_harms_the_deck(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """HTML without slides, a defect: the deck is the one before, and the conversation says what happened."""
    before = (await client.post("/api/chat", json=QUESTION)).json()
    of = {"session_id": before["session_id"]}
    for agent, status in ((scripted("<!DOCTYPE html><p>Sorry</p>"), 502), (None, 500)):
        speak(app, settings, agent)
        assert (await client.post("/api/chat", json={**QUESTION, **of})).status_code == status
        assert (await client.get("/api/slides", params=of)).json() == before["slide_deck"]
    assert (await said_in(client, of["session_id"]))[-1] == OUR_FAULT


async def test_words_alone_leave_the_deck_and_show_it(client: httpx.AsyncClient) -> None:
    """A turn without a document answers with the deck that there is."""
    before = (await client.post("/api/chat", json=QUESTION)).json()
    asked = {"message": "What is the weather?", "session_id": before["session_id"]}
    answer = (await client.post("/api/chat", json=asked)).json()
    assert answer["slide_deck"] == before["slide_deck"]
    assert "The deck is unchanged" in answer["messages"][-1]["content"]
