"""Without `instrument()` the app behaves the same."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio
CHANGES = re.compile(
    r'"(?:session_id|timestamp|latency_seconds|request_id|created_at|updated_at)": ?(?:"[^"]*"|[\d.]+)|[0-9a-f]{32}'
)


async def visit(client: httpx.AsyncClient) -> list[tuple[int, str]]:
    """A tour of the routes: statuses and bodies, without what is new each time."""
    answers = [await client.post("/api/chat", json={"message": "revenue by region in 2024", "max_slides": 2})]
    of: dict[str, Any] = {"session_id": answers[0].json()["session_id"]}
    answers += [
        await client.post("/api/chat/stream", json={"message": "one slide more", "max_slides": 3, **of}),
        await client.post("/api/chat", json={"message": ""}),
        await client.get(f"/api/sessions/{of['session_id']}/messages"),
        await client.put("/api/slides/reorder", params=of, json={"new_order": [1, 0, 2]}),
        await client.get("/api/slides/export", params=of),
        await client.post("/api/feedback", json={"trace_id": "", "value": True}),
        await client.delete(f"/api/sessions/{of['session_id']}"),
        await client.get("/api/slides", params=of),
        await client.get("/"),
    ]
    return [(answer.status_code, CHANGES.sub("·", answer.text)) for answer in answers]


async def test_every_answer_is_the_same(client: httpx.AsyncClient, again: httpx.AsyncClient) -> None:
    """Instrumented and not, the same statuses and the same bodies."""
    assert await visit(client) == await visit(again)


async def test_the_status_says_that_nothing_is_traced(again: httpx.AsyncClient) -> None:
    """The light has something to show."""
    assert (await again.get("/api/tracing/status")).json()["state"] == "disabled"
