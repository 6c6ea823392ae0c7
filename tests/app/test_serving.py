"""The chat model on model serving when the endpoint misbehaves: what is refused, how long is waited, what is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.agent.agent import slide_agent
from app.agent.errors import ModelError
from app.agent.retry import Retry
from app.agent.serving import ServingModel
from app.data.genie import EmbeddedSpace
from app.settings import AppSettings
from app.workspace import Workspace as Client
from tests.app.models import speak
from tests.app.workspaces import signed_in
from tests.servers.workspace import TOKEN, Asked, Fault, Reply, Routes, Workspace

ENDPOINT = "chat"
SLIDES = "".join(f'<div class="slide"><h2>{number}</h2></div>' for number in range(1, 11))
DECK = f"<!DOCTYPE html><html><body>{SLIDES}</body></html>"
DONE = b"data: [DONE]\n\n"
pytestmark = pytest.mark.anyio


class Endpoint:
    """Answers each question with these events."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.asked: list[dict[str, Any]] = []

    def mount(self, routes: Routes) -> None:
        """Answer its path."""
        routes.add("POST", "/serving-endpoints/{name}/invocations", self._invoke)

    def _invoke(self, asked: Asked, name: str) -> Reply:
        self.asked.append(asked.json())
        if not asked.json().get("stream"):
            message = {"role": "assistant", "content": "Yes"}
            return Reply({"choices": [{"message": message, "finish_reason": "stop"}]})
        return Reply(headers={"Content-Type": "text/event-stream"}, events=self.events)


def event(**body: Any) -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def said(text: str) -> bytes:
    """A piece of an answer."""
    return event(choices=[{"index": 0, "delta": {"content": text}}])


def finished(reason: str) -> bytes:
    """Why there are no more pieces."""
    return event(choices=[{"index": 0, "delta": {}, "finish_reason": reason}])


@pytest.fixture
def endpoint() -> Endpoint:
    """The endpoint of the stand-in."""
    return Endpoint()


@pytest.fixture
def workspace(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace, and the environment of somebody who uses it."""
    with signed_in(monkeypatch, endpoint) as workspace:
        yield workspace


@pytest.fixture
def model(workspace: Workspace) -> ServingModel:
    """The chat model."""
    return ServingModel(endpoint=ENDPOINT, workspace=Client())


@pytest.fixture
def agent_app(app: FastAPI, settings: AppSettings, model: ServingModel) -> FastAPI:
    """The app with this model."""
    speak(app, settings, slide_agent(model, {"": EmbeddedSpace()}))
    return app


@pytest.mark.parametrize(
    "events",
    [
        [said(DECK[:170]), finished("length"), DONE],
        [said(DECK), finished("length"), DONE],
        [said(DECK[:170]), event(error={"message": "overloaded"}), DONE],
        [said(DECK[:170]), event(error_code="INTERNAL_ERROR", message="overloaded")],
        [said(DECK), finished("content_filter"), DONE],
        [said(DECK[:170])],
        [said(DECK)],
        [said(DECK[:170]), finished("stop"), DONE],
    ],
    ids=["cut", "cut at the end", "error", "error code", "filtered", "no end", "whole without end", "no closing tag"],
)
async def test_half_an_answer_never_takes_the_place_of_a_deck(
    agent_app: FastAPI, client: httpx.AsyncClient, endpoint: Endpoint, events: list[bytes]
) -> None:
    """502 with the reason, and the deck as it was before."""
    endpoint.events = [said("Here.\n" + DECK), finished("stop"), DONE]
    first = (await client.post("/api/chat", json={"message": "x"})).json()
    of = {"session_id": first["session_id"]}
    endpoint.events = events
    answer = await client.post("/api/chat", json={"message": "again", **of})
    assert answer.status_code == 502, answer.text
    assert "The deck is as it was before." in answer.json()["detail"]
    assert (await client.get("/api/slides", params=of)).json() == first["slide_deck"]


async def test_no_netrc_takes_the_place_of_the_credentials(
    model: ServingModel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Somebody's password for the same host stays where it is."""
    (netrc := tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    await model.ainvoke("x")
    asked = [one for one in workspace.api.requests if one.path.endswith("/invocations")]
    assert [one.headers["authorization"] for one in asked] == [f"Bearer {TOKEN}"]


async def test_a_limit_on_tokens_is_sent(workspace: Workspace, endpoint: Endpoint) -> None:
    """As the setting says; without one the endpoint decides."""
    for limit in (None, 900):
        await ServingModel(endpoint=ENDPOINT, workspace=Client(), max_tokens=limit).ainvoke("x")
    assert [asked.get("max_tokens") for asked in endpoint.asked] == [None, 900]


async def test_nobody_waits_as_long_as_a_busy_endpoint_likes(model: ServingModel, workspace: Workspace) -> None:
    """An hour is not waited; the error says that it was asked for."""
    workspace.api.faults.add("/invocations", Fault(429, headers={"Retry-After": "3600"}))
    with pytest.raises(ModelError, match="429: it is busy, and asks to wait 3600 s"):
        await model.ainvoke("x")
    assert workspace.api.count("POST", ".*/invocations") == 1


@pytest.mark.parametrize("status", [400, 401, 403, 500])
async def test_an_error_tells_nothing_of_a_credential(
    model: ServingModel, workspace: Workspace, status: int, build: Callable[[], str]
) -> None:
    """Whatever the endpoint quotes: neither the token nor a part of it."""
    token = build()
    message = f"Bad header Authorization: Bearer {token}"
    workspace.api.faults.add("/invocations", Fault(status, "BAD", message))
    with pytest.raises(ModelError) as raised:
        await model.ainvoke("x")
    assert token[:12] not in str(raised.value)


@pytest.fixture
def build() -> Callable[[], str]:
    """Something that looks like a token, made at run time."""
    return lambda: "da" + "pi" + "0123456789abcdef" * 2


def test_pauses_double_within_the_time_there_is() -> None:
    """Half a second, one, two, four; what does not fit is not waited."""
    retry = Retry(10, clock=lambda: 0)
    assert [retry.pause() for _ in range(5)] == [0.5, 1, 2, 4, 8]
    assert retry.pause() is None
    assert Retry(10, clock=lambda: 0).pause("11") is None
    assert Retry(10, clock=lambda: 0).pause("tomorrow") == 0.5
