"""The chat model on model serving when the endpoint misbehaves: what is refused, how long is waited, what is told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable, Iterator
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
from app.settings import AppSettings, ChatClient
from tests.app.chat_clients import ASKED, CHAT_CLIENTS, chat_model
from tests.app.models import speak
from tests.app.workspaces import signed_in
from tests.servers.process import waited
from tests.servers.workspace import TOKEN, Asked, Fault, Reply, Routes, Workspace

ENDPOINT = "chat"
SLIDES = "".join(f'<div class="slide"><h2>{number}</h2></div>' for number in range(1, 11))
DECK = f"<!DOCTYPE html><html><body>{SLIDES}</body></html>"
DONE = b"data: [DONE]\n\n"
pytestmark = pytest.mark.anyio


class Endpoint:
    """Answers each question with these events."""

    def __init__(self) -> None:
        self.events: Iterable[bytes] = [said("Yes"), finished("stop"), DONE]
        self.asked: list[dict[str, Any]] = []

    def mount(self, routes: Routes) -> None:
        """Answer its path, and the one that OpenAI's client takes."""
        routes.add("POST", f"/serving-endpoints/{ENDPOINT}/invocations", self._invoke)
        routes.add("POST", "/serving-endpoints/chat/completions", self._invoke)

    def _invoke(self, asked: Asked) -> Reply:
        self.asked.append(asked.json())
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


@pytest.fixture(params=CHAT_CLIENTS)
def chat_client(request: pytest.FixtureRequest) -> ChatClient:
    """Each client that there is."""
    client: ChatClient = request.param
    return client


@pytest.fixture
def model(workspace: Workspace, chat_client: ChatClient) -> ServingModel:
    """The chat model."""
    return chat_model(chat_client, ENDPOINT)


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
    asked = [one for one in workspace.api.requests if one.path.startswith("/serving-endpoints/")]
    assert [one.headers["authorization"] for one in asked] == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("name", ["max_tokens", "temperature"])
async def test_what_is_set_is_sent(
    workspace: Workspace, endpoint: Endpoint, chat_client: ChatClient, name: str
) -> None:
    """As the setting says, zero too; without one the endpoint decides."""
    for value in (None, 0, 900):
        await chat_model(chat_client, ENDPOINT).model_copy(update={name: value}).ainvoke("x")
    assert [asked.get(name) for asked in endpoint.asked] == [None, 0, 900]


async def test_nobody_waits_as_long_as_a_busy_endpoint_likes(model: ServingModel, workspace: Workspace) -> None:
    """An hour is not waited; the error says that it was asked for."""
    workspace.api.faults.add(ASKED, Fault(429, headers={"Retry-After": "3600"}))
    with pytest.raises(ModelError, match="429: it is busy, and asks to wait 3600 s"):
        await model.ainvoke("x")
    assert workspace.api.count("POST", ASKED) == 1


async def test_a_busy_endpoint_is_asked_again_as_often_as_is_set(workspace: Workspace, chat_client: ChatClient) -> None:
    """Twice more, then it is told."""
    workspace.api.faults.add(ASKED, Fault(429, headers={"Retry-After": "0"}))
    with pytest.raises(ModelError, match="429: it is busy"):
        await chat_model(chat_client, ENDPOINT, max_retries=2).ainvoke("x")
    assert workspace.api.count("POST", ASKED) == 3


async def test_an_endpoint_that_says_nothing_is_given_up(workspace: Workspace, chat_client: ChatClient) -> None:
    """After the seconds that are set, and once."""
    workspace.api.faults.add(ASKED, Fault(hangs=True))
    with pytest.raises(ModelError, match="'chat' cannot be reached"):
        await chat_model(chat_client, ENDPOINT, timeout=0.2).ainvoke("x")
    assert workspace.api.count("POST", ASKED) == 1


async def test_who_goes_away_ends_the_endpoint_s_work(
    model: ServingModel, workspace: Workspace, endpoint: Endpoint
) -> None:
    """The connection is closed in the middle of the answer."""
    has_begun, has_ended = threading.Event(), threading.Event()

    def long_answer() -> Iterator[bytes]:
        while not has_ended.wait(0.01):
            yield said("x" * 400)
            has_begun.set()

    endpoint.events = long_answer()
    asked = asyncio.create_task(model.ainvoke("x"))
    assert await asyncio.to_thread(has_begun.wait, 60)
    before = workspace.api.connected
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    is_closed = await asyncio.to_thread(waited, lambda: workspace.api.connected < before, seconds=60)
    has_ended.set()
    assert is_closed


async def test_tokens_count_once(model: ServingModel, endpoint: Endpoint) -> None:
    """However often the endpoint tells them."""
    told = [{"usage": {"prompt_tokens": 7, "completion_tokens": n, "total_tokens": 7 + n}} for n in (1, 2)]
    choices = [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]
    endpoint.events = [event(choices=choices, **told[0]), event(choices=choices, **told[1]), DONE]
    assert (await model.ainvoke("x")).usage_metadata == {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}


async def test_content_that_comes_in_parts_is_text(model: ServingModel, endpoint: Endpoint) -> None:
    """What is no text is passed over."""
    parts = [{"type": "reasoning", "summary": []}, {"type": "text", "text": "Yes"}]
    pieces = [{"index": 0, "delta": {"content": content}} for content in (parts, ', [{"type": "bar"}]')]
    endpoint.events = [*(event(choices=[piece]) for piece in pieces), finished("stop"), DONE]
    assert (await model.ainvoke("x")).text == 'Yes, [{"type": "bar"}]'


async def test_no_key_for_another_service_is_sent(
    model: ServingModel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenAI's client has a key of its own in many an environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-openai")
    await model.ainvoke("x")
    assert "a-key-of-openai" not in str([asked.headers for asked in workspace.api.requests])


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "rejects the app's own credential"),
        (403, "the app's own credential may not use it at .*CAN QUERY"),
        (404, "there is none of that name at .*serving_endpoint"),
    ],
)
async def test_a_refusal_tells_where_as_whom_and_what_to_do(
    model: ServingModel, workspace: Workspace, status: int, told: str
) -> None:
    """Once, without asking again."""
    workspace.api.faults.add(ASKED, Fault(status, "BAD", "no"))
    with pytest.raises(ModelError, match=f"'chat' answered {status}: .*{told}") as raised:
        await model.ainvoke("x")
    assert workspace.url in str(raised.value)
    assert workspace.api.count("POST", ASKED) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 500])
async def test_an_error_tells_nothing_of_a_credential(
    model: ServingModel, workspace: Workspace, status: int, build: Callable[[], str]
) -> None:
    """Whatever the endpoint quotes: neither the token nor a part of it."""
    token = build()
    message = f"Bad header Authorization: Bearer {token}"
    workspace.api.faults.add(ASKED, Fault(status, "BAD", message))
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
