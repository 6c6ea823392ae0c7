"""Ordered turns, followed: from the start, from where one was cut off, from another worker, and after a reload."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.agent.agent import slide_agent
from app.data.genie import EmbeddedSpace
from app.settings import AppSettings
from app.turns.failures import CANCELLED
from tests.app.models import Held, held, scripted, speak

QUESTION = {"message": "revenue by region in 2024", "max_slides": 2}
SECONDS = 60
ORDER = ["tool_call", "tool_result", "tool_call", "tool_result", "assistant", "complete"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def model(app: FastAPI, settings: AppSettings) -> AsyncIterator[Held]:
    """A model that waits until the test lets it go."""
    model = held()
    impatient = settings.model_copy(update={"heartbeat_seconds": 0.01, "follow_seconds": 1.5})
    speak(app, impatient, slide_agent(model, {"": EmbeddedSpace()}))
    yield model
    model.released.set()


async def order(client: httpx.AsyncClient, **asked: Any) -> Any:
    """Order a turn as a job."""
    return (await client.post("/api/chat/async", json={**QUESTION, **asked})).raise_for_status().json()


async def followed(
    client: httpx.AsyncClient, ordered: Any, headers: Mapping[str, str] | None = None, after: int = 0
) -> list[tuple[int, str, Any]]:
    """What one stream tells: number, name and data of each event."""
    path = f"/api/chat/events/{ordered['request_id']}"
    answer = await client.get(path, params={"after": after}, headers=headers)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    lines = [event.split("\n") for event in answer.text.split("\n\n") if event.startswith("id: ")]
    return [
        (int(number[4:]), name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for number, name, data in lines
    ]


async def until_over(client: httpx.AsyncClient, ordered: Any) -> list[tuple[int, str, Any]]:
    """All events, over as many streams as it takes."""
    told: list[tuple[int, str, Any]] = []
    while not told or told[-1][1] not in ("complete", "error", "cancelled"):
        told += await followed(client, ordered, {"Last-Event-ID": str(len(told))})
    return told


async def test_a_job_is_told_like_a_stream(client: httpx.AsyncClient) -> None:
    """The same events, numbered, and the whole answer with the last."""
    ordered = await order(client)
    told = await until_over(client, ordered)
    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert [name for _, name, _ in told] == ORDER
    assert told[-1][2] == (await client.get(f"/api/chat/poll/{ordered['request_id']}")).json()["result"]


async def test_who_was_cut_off_hears_the_rest(client: httpx.AsyncClient, again: httpx.AsyncClient) -> None:
    """Nothing twice, nothing left out, also from another worker; a browser's header wins over the query."""
    ordered = await order(client)
    told = await until_over(client, ordered)
    assert await followed(again, ordered, after=2) == told[2:]
    assert await followed(again, ordered, {"Last-Event-ID": "4"}, after=2) == told[4:]
    assert await followed(again, ordered, {"Last-Event-ID": "nonsense"}, after=5) == told[5:]
    assert await followed(again, ordered, after=99) == []


async def test_a_stream_ends_before_a_proxy_ends_it(client: httpx.AsyncClient, model: Held) -> None:
    """With comments while nothing happens; the turn goes on, and so does the next stream."""
    ordered = await order(client)
    answer = await client.get(f"/api/chat/events/{ordered['request_id']}")
    assert set(answer.text.split("\n\n")) == {": heartbeat", ""}
    model.released.set()
    assert [name for _, name, _ in await until_over(client, ordered)] == ORDER


async def test_a_session_says_what_is_being_done_in_it(client: httpx.AsyncClient, model: Held) -> None:
    """So that a page that was closed, or another device, can follow; and nothing more when it is over."""
    ordered = await order(client)
    path = f"/api/sessions/{ordered['session_id']}"
    running = {"request_id": ordered["request_id"], "message": QUESTION["message"]}
    assert (await client.get(path)).json()["turn"] == running
    assert [one["turn"] for one in (await client.get("/api/sessions")).json()["sessions"]] == [running]
    model.released.set()
    await until_over(client, ordered)
    assert "turn" not in (await client.get(path)).json()


async def test_the_end_of_a_cancelled_turn_is_told(client: httpx.AsyncClient, model: Held) -> None:
    """With the reason and the ids."""
    ordered = await order(client)
    await client.post(f"/api/chat/{ordered['session_id']}/cancel")
    ((_, name, data),) = await until_over(client, ordered)
    assert (name, data) == ("cancelled", {"detail": CANCELLED, "request_id": ordered["request_id"], "trace_id": ""})


async def test_the_end_of_a_turn_that_failed_is_told(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """As an error."""
    speak(app, settings, scripted("<!DOCTYPE html><p>Sorry</p>"))
    name, data = (await until_over(client, await order(client)))[-1][1:]
    assert (name, "not a deck" in data["detail"]) == ("error", True)


async def test_nobody_follows_what_is_somebody_else_s(client: httpx.AsyncClient) -> None:
    """404 before a stream begins."""
    ordered = await order(client)
    path = f"/api/chat/events/{ordered['request_id']}"
    assert (await client.get(path, headers={"X-Forwarded-Email": "eve@example.com"})).status_code == 404
    await until_over(client, ordered)


async def until_running(client: httpx.AsyncClient, ordered: list[Any]) -> None:
    """Poll them all at once, until all have begun."""
    statuses = set[str]()
    while statuses != {"running"}:
        polls = [client.get(f"/api/chat/poll/{one['request_id']}") for one in ordered]
        statuses = {answer.json()["status"] for answer in await asyncio.gather(*polls)}


async def test_models_that_block_hold_up_no_poll(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """Twelve turns wait for their models; polls, sessions and decks answer all the same."""
    model = held()
    speak(app, settings, slide_agent(model, {"": EmbeddedSpace()}))
    async with app.router.lifespan_context(app):
        ordered = [await order(client) for _ in range(12)]
        assert await asyncio.to_thread(model.reached.wait, SECONDS)
        await asyncio.wait_for(until_running(client, ordered), SECONDS)
        model.released.set()
        for one in ordered:
            await until_over(client, one)
