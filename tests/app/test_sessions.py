"""Sessions, over the routes: whose they are, what is kept, and what is refused without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.store.tables import Message, now

ADA, BOB = {"X-Forwarded-Email": "ada@example.com"}, {"X-Forwarded-User": "bob"}
QUESTION = "revenue by region in 2024"
TRACE = "tr-" + "1" * 32
pytestmark = pytest.mark.anyio


async def ask(client: httpx.AsyncClient, headers: Mapping[str, str] = ADA, **asked: Any) -> Any:
    """One turn; the answer."""
    answer = await client.post("/api/chat", json={"message": QUESTION, **asked}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_session_lives_from_post_to_delete(client: httpx.AsyncClient) -> None:
    """Made, listed, renamed, found, forgotten."""
    made = (await client.post("/api/sessions", json={"title": "First"}, headers=ADA)).json()
    path = f"/api/sessions/{made['session_id']}"
    assert (await client.patch(path, json={"title": " Second "}, headers=ADA)).json()["title"] == "Second"
    assert (await client.get(path, headers=ADA)).json()["title"] == "Second"
    assert [one["title"] for one in (await client.get("/api/sessions", headers=ADA)).json()["sessions"]] == ["Second"]
    assert (await client.delete(path, headers=ADA)).status_code == 204
    assert (await client.get(path, headers=ADA)).status_code == 404


async def test_a_session_without_a_title_takes_its_first_question(client: httpx.AsyncClient) -> None:
    """The list says what each is about."""
    made = (await client.post("/api/sessions", headers=ADA)).json()
    await ask(client, session_id=made["session_id"])
    assert (await client.get(f"/api/sessions/{made['session_id']}", headers=ADA)).json()["title"] == QUESTION


async def test_the_latest_used_session_comes_first(client: httpx.AsyncClient) -> None:
    """A turn brings a session to the top."""
    first, second = (await ask(client))["session_id"], (await ask(client))["session_id"]
    await ask(client, session_id=first)
    listed = (await client.get("/api/sessions", headers=ADA)).json()["sessions"]
    assert [one["session_id"] for one in listed] == [first, second]


async def test_what_was_said_is_kept_in_order(client: httpx.AsyncClient) -> None:
    """Both turns, as the answers had them, each message with its trace."""
    first = await ask(client)
    second = await ask(client, session_id=first["session_id"], message="units by product")
    kept = (await client.get(f"/api/sessions/{first['session_id']}/messages", headers=ADA)).json()["messages"]
    told = [(one["role"], one["content"]) for one in (*first["messages"], *second["messages"])]
    assert [(one["role"], one["content"]) for one in kept] == told
    assert all({"trace_id", "trace_url"} <= one.keys() for one in kept)


async def test_what_was_said_is_there_after_a_restart(client: httpx.AsyncClient, again: httpx.AsyncClient) -> None:
    """Another process with the same file has the session, its messages and its deck."""
    answer = await ask(client)
    of = {"session_id": answer["session_id"]}
    deck = (await again.get("/api/slides", params=of, headers=ADA)).json()
    said = (await again.get(f"/api/sessions/{answer['session_id']}/messages", headers=ADA)).json()["messages"]
    assert (deck, len(said)) == (answer["slide_deck"], len(answer["messages"]))


async def test_nobody_sees_anybody_else_s(client: httpx.AsyncClient) -> None:
    """Not in the list, not by its id, not with a turn; the answer is that of a session that is not there."""
    session = (await ask(client))["session_id"]
    assert (await client.get("/api/sessions", headers=BOB)).json() == {"sessions": []}
    for method, path, body in everything(session):
        theirs = await client.request(method, path, json=body, headers=BOB)
        nowhere = await client.request(method, path.replace(session, "nowhere"), json=rename(body), headers=BOB)
        assert theirs.status_code == nowhere.status_code == 404, (method, path)
        assert theirs.json()["detail"].replace(session, "nowhere") == nowhere.json()["detail"]
    kept = await client.get(f"/api/sessions/{session}", headers=ADA)
    assert kept.json()["title"] == QUESTION


def everything(session: str) -> list[tuple[str, str, Any]]:
    """A request to each route that is about a session."""
    slides = f"session_id={session}"
    return [
        *((method, f"/api/sessions/{session}", None) for method in ("GET", "DELETE")),
        ("PATCH", f"/api/sessions/{session}", {"title": "Mine now"}),
        ("GET", f"/api/sessions/{session}/messages", None),
        *(("POST", path, {"message": "units by product", "session_id": session}) for path in CHATS),
        ("POST", f"/api/chat/{session}/cancel", None),
        ("GET", f"/api/slides?{slides}", None),
        ("GET", f"/api/slides/export?{slides}", None),
        ("GET", f"/api/slides/0/frame?{slides}", None),
        ("PUT", f"/api/slides/reorder?{slides}", {"new_order": [0]}),
        ("PATCH", f"/api/slides/0?{slides}", {"html": "<div class='slide'></div>"}),
        ("POST", f"/api/slides/0/duplicate?{slides}", None),
        ("DELETE", f"/api/slides/0?{slides}", None),
    ]


CHATS = ("/api/chat", "/api/chat/stream", "/api/chat/async")


def rename(body: Any) -> Any:
    """The same about a session that is not there."""
    return {**body, "session_id": "nowhere"} if isinstance(body, dict) and "session_id" in body else body


@pytest.mark.parametrize("path", CHATS)
@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"message": "x" * 5001}, "message: String should have at most 5000 characters"),
        ({"message": ""}, "message: String should have at least 1 character"),
        ({}, "message: Field required"),
        ({"message": "x", "max_slides": 51}, "max_slides: Input should be less than or equal to 50"),
        ({"message": "x", "session_id": ""}, "session_id: String should have at least 1 character"),
        ("{", "body: JSON decode error"),
    ],
)
async def test_a_bad_question_begins_nothing(client: httpx.AsyncClient, path: str, body: Any, detail: str) -> None:
    """422 with the field and what is allowed, for each way to ask; no session comes of it."""
    sent: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body}
    answer = await client.post(path, headers={"Content-Type": "application/json", **ADA}, **sent)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)
    assert set(answer.json()) == {"detail", "request_id", "trace_id"}
    assert (await client.get("/api/sessions", headers=ADA)).json() == {"sessions": []}


@pytest.mark.parametrize("title", ["", "   ", "x" * 121])
async def test_a_title_has_limits(client: httpx.AsyncClient, title: str) -> None:
    """Neither empty nor a book; the old one stays."""
    session = (await ask(client))["session_id"]
    assert (await client.post("/api/sessions", json={"title": title}, headers=ADA)).status_code == 422
    path = f"/api/sessions/{session}"
    assert (await client.patch(path, json={"title": title}, headers=ADA)).status_code == 422
    assert (await client.get(path, headers=ADA)).json()["title"] == QUESTION


async def test_an_unknown_request_is_not_found(client: httpx.AsyncClient) -> None:
    """A poll for nothing."""
    answer = await client.get("/api/chat/poll/nothing", headers=ADA)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no request 'nothing' of yours.")


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"trace_id": "tr-" + "0" * 32, "value": True}, 404),
        ({"trace_id": "tr-" + "0" * 32}, 422),
        ({"trace_id": "tr-" + "0" * 32, "value": True, "rationale": "x" * 5001}, 422),
        ({"trace_id": "", "value": True}, 200),
    ],
)
async def test_feedback_wants_an_answer_of_one_s_own(
    client: httpx.AsyncClient, given: dict[str, Any], status: int
) -> None:
    """404 for a trace of nobody's, 422 without a value or with a novel; untraced, it says that nothing is stored."""
    answer = await client.post("/api/feedback", json=given, headers=ADA)
    assert answer.status_code == status
    assert status != 200 or answer.json()["stored"] is False


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("X-Forwarded-Email", "ada@example.com")], 200),
        ([("X-Forwarded-Email", "Ada@Example.COM")], 200),
        ([("X-Forwarded-User", "bob")], 403),
        ([("X-Forwarded-Email", "ada@example.com"), ("X-Forwarded-Email", "bob@example.com")], 403),
        ([("X-Forwarded-Email", "bob@example.com"), ("X-Forwarded-User", "ada@example.com")], 403),
        ([("X-Forwarded-Email", "ada@example.com, bob@example.com")], 403),
        ([("Traceparent", f"00-{'1' * 32}-{'2' * 16}-01"), ("Tracestate", f"otelmlflow={TRACE}")], 403),
    ],
)
async def test_feedback_is_taken_from_whom_the_answer_was_for(
    app: FastAPI, client: httpx.AsyncClient, headers: list[tuple[str, str]], status: int
) -> None:
    """403 for others: trace ids are no secrets. Of two users the proxy named the last; an address has no case."""
    held = app.state.services.store.turns.begin(None, "ada@example.com", "Hello")
    said = Message(session_id=held.session_id, role="user", content="Hello", timestamp=now(), trace_id=TRACE)
    app.state.services.store.turns.finish(held, [said])
    answer = await client.post("/api/feedback", json={"trace_id": TRACE, "value": True}, headers=headers)
    assert answer.status_code == status
