"""Model serving: one chat endpoint in OpenAI's format, with the app's rule-based model for a brain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage, convert_to_messages

from app.agent.model import EmbeddedSlideModel
from tests.servers.workspace.asked import Asked, Reply, missing
from tests.servers.workspace.routing import Routes

ENDPOINT = "slides-chat"
SERVED_MODEL = "a-chat-model-2026-01"
_PIECE = 40


class Serving:
    """Answers at the endpoint's own address and at that of OpenAI's clients, streamed if that is asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        """The bodies of all requests."""

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", "/serving-endpoints/{name}/invocations", self._invoke)
        routes.add("POST", "/serving-endpoints/chat/completions", self._complete)

    def _complete(self, asked: Asked) -> Reply:
        return self._invoke(asked, asked.json()["model"])

    def _invoke(self, asked: Asked, name: str) -> Reply:
        if name != ENDPOINT:
            raise missing(f"The given endpoint does not exist, please retry after checking the specified model: {name}")
        body = asked.json()
        self.asked.append(body)
        said = EmbeddedSlideModel().invoke(_conversation(body), tools=body.get("tools", []))
        if body.get("stream"):
            return Reply(headers={"Content-Type": "text/event-stream"}, events=_events(said))
        return Reply(_whole(said))


def _conversation(body: dict[str, Any]) -> list[BaseMessage]:
    """OpenAI's format does not say that a tool failed: its words do, where rows would be JSON."""
    messages = convert_to_messages(body["messages"])
    for message in messages:
        if isinstance(message, ToolMessage) and not message.text.startswith("{"):
            message.status = "error"
    return messages


def _whole(said: AIMessage) -> dict[str, Any]:
    message = {"role": "assistant", "content": said.text or None, "tool_calls": _calls(said)}
    return {
        **_head("chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": _reason(said)}],
        **_usage(said),
    }


def _events(said: AIMessage) -> Iterator[bytes]:
    for start in range(0, len(said.text), _PIECE):
        yield _event([{"index": 0, "delta": {"role": "assistant", "content": said.text[start : start + _PIECE]}}])
    for place, call in enumerate(_calls(said)):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        begun = {"index": place, "id": call["id"], "type": "function", "function": {"name": name, "arguments": ""}}
        yield _event([{"index": 0, "delta": {"tool_calls": [begun]}}])
        for half in (arguments[:5], arguments[5:]):
            yield _event([{"index": 0, "delta": {"tool_calls": [{"index": place, "function": {"arguments": half}}]}}])
    yield _event([{"index": 0, "delta": {}, "finish_reason": _reason(said)}])
    yield _event([], **_usage(said))
    yield b"data: [DONE]\n\n"


def _event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    return b"data: " + json.dumps({**_head("chat.completion.chunk"), "choices": choices, **more}).encode() + b"\n\n"


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": SERVED_MODEL}


def _reason(said: AIMessage) -> str:
    return "tool_calls" if said.tool_calls else "stop"


def _calls(said: AIMessage) -> list[dict[str, Any]]:
    return [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["args"])},
        }
        for call in said.tool_calls
    ]


def _usage(said: AIMessage) -> dict[str, Any]:
    used = said.usage_metadata or {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    counts = {"prompt_tokens": used["input_tokens"], "completion_tokens": used["output_tokens"]}
    return {"usage": {**counts, "total_tokens": used["total_tokens"]}}
