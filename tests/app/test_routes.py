"""The app's routes, as a client sees them; the tracing is off, and what it adds is in tests/acceptance."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.settings import AppSettings
from tests.app.models import scripted, speak

QUESTION = {"message": "How did revenue develop by region in 2024?"}
pytestmark = pytest.mark.anyio


async def ask(client: httpx.AsyncClient, **asked: Any) -> Any:
    """Ask, and read the answer."""
    answer = await client.post("/api/chat", json=QUESTION | asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_answer_has_exactly_the_fields_of_the_contract(client: httpx.AsyncClient) -> None:
    """Nothing is missing, nothing is added, on any level."""
    answer = await ask(client)
    assert set(answer) == {"session_id", "messages", "slide_deck", "raw_html", "metadata"}
    deck, metadata = answer["slide_deck"], answer["metadata"]
    assert set(deck) == {"version", "title", "slide_count", "css", "external_scripts", "scripts", "slides"}
    assert all(set(slide) == {"index", "slide_id", "html"} for slide in deck["slides"])
    counted = {"latency_seconds", "tool_calls", "message_count", "mode"}
    assert set(metadata) == {*counted, "trace_id", "trace_url"}


async def test_messages_carry_only_what_applies_to_them(client: httpx.AsyncClient) -> None:
    """A call is on the message that makes it, its id there and on the answer to it."""
    question, call, result, *_, words = (await ask(client))["messages"]
    assert set(question) == set(words) == {"role", "content", "timestamp"}
    assert call["tool_call"] == {"name": "query_genie_space", "arguments": {"query": "revenue by region in 2024"}}
    assert (result["role"], result["tool_call_id"]) == ("tool", call["tool_call_id"])
    assert datetime.fromisoformat(words["timestamp"].replace("Z", "+00:00")).tzinfo


async def test_the_figures_about_the_turn_are_true(client: httpx.AsyncClient) -> None:
    """Counts count what is in the answer, and the mode says that no language model was at work."""
    answer = await ask(client)
    metadata = answer["metadata"]
    assert metadata["message_count"] == len(answer["messages"])
    assert metadata["tool_calls"] == sum("tool_call" in message for message in answer["messages"]) == 3
    assert metadata["mode"] == "embedded"
    assert metadata["latency_seconds"] >= 0
    assert answer["slide_deck"]["slide_count"] == len(answer["slide_deck"]["slides"]) == 5


async def test_the_session_is_the_one_that_was_named(client: httpx.AsyncClient) -> None:
    """A session id comes back; without one, each question gets its own."""
    first = (await ask(client))["session_id"]
    assert (await ask(client, session_id=first))["session_id"] == first
    assert (await ask(client))["session_id"] != (await ask(client))["session_id"]


async def test_no_more_slides_than_were_asked_for(client: httpx.AsyncClient) -> None:
    """`max_slides` is kept."""
    assert (await ask(client, max_slides=2))["slide_deck"]["slide_count"] == 2


async def test_an_answer_in_words_has_no_deck(client: httpx.AsyncClient) -> None:
    """What the data cannot answer is said, not drawn."""
    answer = await ask(client, message="What will the weather be?")
    assert (answer["slide_deck"], answer["raw_html"]) == (None, "")
    assert answer["messages"][-1]["content"].startswith("I can't answer that")


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ({"message": ""}, "message: String should have at least 1 character"),
        ({"message": "x" * 5001}, "message: String should have at most 5000 characters"),
        ({"max_slides": 0}, "max_slides: Input should be greater than or equal to 1"),
        ({"max_slides": 51}, "max_slides: Input should be less than or equal to 50"),
        ({"max_slides": True}, "max_slides: Input should be a valid integer"),
        ({"expected_version": True}, "expected_version: Input should be a valid integer"),
        ({"session_id": ""}, "session_id: String should have at least 1 character"),
    ],
)
async def test_bad_input_is_named(client: httpx.AsyncClient, asked: dict[str, object], detail: str) -> None:
    """422 with the field and what is allowed."""
    answer = await client.post("/api/chat", json=QUESTION | asked)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


async def test_broken_json_is_named(client: httpx.AsyncClient) -> None:
    """422, not 500."""
    answer = await client.post("/api/chat", content="{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (422, "body: JSON decode error")


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({"content-type": "text/plain"}, "body: Content-Type is 'text/plain'; expected application/json"),
        ({}, "body: Send Content-Type: application/json"),
    ],
)
async def test_json_that_is_not_called_so_is_refused_with_what_to_do(
    client: httpx.AsyncClient, headers: dict[str, str], detail: str
) -> None:
    """What `curl -d` and `fetch` send without being told is no JSON to the server."""
    answer = await client.post("/api/chat", content=b'{"message": "revenue"}', headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


async def test_an_error_does_not_send_back_all_that_was_sent(client: httpx.AsyncClient) -> None:
    """A long list is cut, with its length."""
    session = (await ask(client))["session_id"]
    order = {"new_order": [0] * 10_000}
    answer = await client.put("/api/slides/reorder", params={"session_id": session}, json=order)
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) < 2_100
    assert answer.json()["detail"].endswith("characters)")


async def test_errors_carry_the_ids_of_the_request(client: httpx.AsyncClient) -> None:
    """The caller's request id, in the body and in the header; without tracing no trace id."""
    answer = await client.get("/api/nowhere", headers={"X-Request-ID": "r-1"})
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Not Found", "request_id": "r-1", "trace_id": ""}
    assert answer.headers["X-Request-ID"] == "r-1"


async def test_a_request_without_an_id_gets_one(client: httpx.AsyncClient) -> None:
    """The same in the body as in the header."""
    answer = await client.get("/api/nowhere")
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] != ""


async def test_a_wrong_method_says_what_is_allowed(client: httpx.AsyncClient) -> None:
    """The headers of an HTTP error survive."""
    answer = await client.get("/api/chat")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_a_model_that_writes_no_slides_is_a_bad_gateway(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """502, and the person is told what was wrong with the answer."""
    speak(app, settings, scripted("<!DOCTYPE html><p>Sorry</p>"))
    answer = await client.post("/api/chat", json=QUESTION)
    assert answer.status_code == 502
    assert "not a deck" in answer.json()["detail"]


async def test_a_defect_is_a_500_without_its_details(
    app: FastAPI, settings: AppSettings, client: httpx.AsyncClient
) -> None:
    """What went wrong inside stays inside; the ids lead to it."""
    speak(app, settings, agent=None)
    answer = await client.post("/api/chat", json=QUESTION, headers={"X-Request-ID": "r-2"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == "r-2"
    assert "NoneType" not in answer.text


async def test_health_needs_nobody(client: httpx.AsyncClient) -> None:
    """Liveness answers without asking anything."""
    assert (await client.get("/api/health")).json() == {"status": "ok", "mode": "embedded"}


async def test_the_tracing_status_is_shown(client: httpx.AsyncClient) -> None:
    """Switched off, it says so."""
    assert (await client.get("/api/tracing/status")).json()["state"] == "disabled"


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/page/base.css", "text/css"), ("/page/main.js", "text/javascript")]
)
async def test_the_page_and_its_files_are_served(client: httpx.AsyncClient, path: str, kind: str) -> None:
    """Each with its own media type."""
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, kind)


async def test_the_page_runs_nothing_but_its_own_script(client: httpx.AsyncClient) -> None:
    """What a model wrote into a slide cannot run, and nothing is fetched from elsewhere."""
    policy = (await client.get("/")).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
