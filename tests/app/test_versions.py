"""Versions of decks: nobody overwrites what they have not seen, and each change can be taken back."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.agent.choose import agent_for
from app.settings import AppSettings, Prompts
from app.workspace import Workspace
from tests.app.models import speak

SLIDE = '<div class="slide"><h2>Mine</h2></div>'
QUESTION = "revenue by region in 2024"
pytestmark = pytest.mark.anyio


@pytest.fixture
async def deck(client: httpx.AsyncClient) -> dict[str, str]:
    """The query of a session with a deck of five slides, at version 1."""
    answer = (await client.post("/api/chat", json={"message": QUESTION})).json()
    assert answer["slide_deck"]["version"] == 1
    return {"session_id": answer["session_id"]}


CHANGES: list[tuple[str, str, Any]] = [
    ("PUT", "/api/slides/reorder", {"new_order": [1, 0, 2, 3, 4]}),
    ("PATCH", "/api/slides/0", {"html": SLIDE}),
    ("POST", "/api/slides/0/duplicate", None),
    ("DELETE", "/api/slides/0", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_change_counts_the_version_up(
    client: httpx.AsyncClient, deck: dict[str, str], method: str, path: str, body: Any
) -> None:
    """Where the version is the expected one, and where none is expected."""
    expected = {**deck, "expected_version": "1"}
    first = await client.request(method, path, params=expected, json=body)
    assert (first.status_code, first.json()["version"]) == (200, 2), first.text


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_change_of_another_version_is_refused(
    client: httpx.AsyncClient, deck: dict[str, str], method: str, path: str, body: Any
) -> None:
    """409 with the version that there is, and the deck as it was."""
    await client.post("/api/slides/0/duplicate", params=deck)
    before = (await client.get("/api/slides", params=deck)).json()
    answer = await client.request(method, path, params={**deck, "expected_version": "1"}, json=body)
    assert (answer.status_code, answer.json()["version"]) == (409, 2)
    if body:
        answer = await client.request(method, path, params=deck, json={**body, "expected_version": 1})
        assert (answer.status_code, answer.json()["version"]) == (409, 2)
    assert (await client.get("/api/slides", params=deck)).json() == before


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream", "/api/chat/async"])
async def test_a_turn_may_expect_a_version_too(client: httpx.AsyncClient, deck: dict[str, str], path: str) -> None:
    """A question about a deck that has moved on is not answered with a change of it."""
    await client.delete("/api/slides/0", params=deck)
    asked = {"message": "remove slide 2", **deck, "expected_version": 1}
    answer = await client.post(path, json=asked)
    assert (answer.status_code, answer.json()["version"]) == (409, 2)


async def test_changes_are_taken_back_one_by_one(client: httpx.AsyncClient, deck: dict[str, str]) -> None:
    """Of a person and of a turn alike, down to the deck as it was made; the version goes on growing."""
    undo = f"/api/sessions/{deck['session_id']}/undo"
    first = (await client.get("/api/slides", params=deck)).json()["slides"]
    second = (await client.delete("/api/slides/4", params=deck)).json()["slides"]
    asked = await client.post("/api/chat", json={"message": "rename slide 1 to Mine", **deck})
    assert asked.json()["slide_deck"]["slides"] != second
    assert (await client.post(undo)).json()["slides"] == second
    undone = (await client.post(undo, params={"expected_version": 4})).json()
    assert (undone["slides"], undone["version"]) == (first, 5)
    refused = await client.post(undo)
    assert (refused.status_code, refused.json()["detail"]) == (409, "There is nothing to undo.")


async def test_an_undo_may_expect_a_version(client: httpx.AsyncClient, deck: dict[str, str]) -> None:
    """What somebody else has changed since is not taken back unseen."""
    await client.delete("/api/slides/0", params=deck)
    undo = f"/api/sessions/{deck['session_id']}/undo"
    answer = await client.post(undo, params={"expected_version": 1})
    assert (answer.status_code, answer.json()["version"]) == (409, 2)


async def test_a_prompt_may_have_braces(app: FastAPI, settings: AppSettings, client: httpx.AsyncClient) -> None:
    """CSS, JSON and LaTeX mean themselves."""
    task = "At most {max_slides} slides. CSS: .slide{width:1280px} {0} {}"
    prompts = Prompts(task=task, deck="{ {deck} }")
    with_braces = settings.model_copy(update={"prompts": prompts})
    speak(app, with_braces, agent_for(with_braces, Workspace()))
    answer = await client.post("/api/chat", json={"message": QUESTION, "max_slides": 2})
    assert (answer.status_code, answer.json()["slide_deck"]["slide_count"]) == (200, 2)


@pytest.mark.parametrize("figure", ["about 200k", "", "nan", "1e999", "206777.0,and more,", "\n"])
async def test_a_number_edited_by_hand_does_no_harm(
    client: httpx.AsyncClient, deck: dict[str, str], figure: str
) -> None:
    """The slide is a person's own from then on; turns go on."""
    slide = (await client.get("/api/slides", params=deck)).json()["slides"][1]["html"]
    edited = re.sub(r"North,[\d.]+", f"North,{figure}", slide)
    assert edited != slide
    assert (await client.patch("/api/slides/1", params=deck, json={"html": edited})).status_code == 200
    for question in ("units by product", "make slide 2 a line chart", "add a slide about cost"):
        answer = await client.post("/api/chat", json={"message": question, **deck})
        assert answer.status_code == 200, answer.text
