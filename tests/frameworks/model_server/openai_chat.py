"""OpenAI's chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.frameworks.model_server.behaviour import Prompt, Reply, text_of

PATH = "/chat/completions"
_ID = "chatcmpl-1"


def read(body: dict[str, Any]) -> Prompt:
    """The prompt of a request."""
    messages = body["messages"]
    return Prompt(
        said=" ".join(text_of(message.get("content")) for message in messages),
        tool_answers=[text_of(message["content"]) for message in messages if _is_tool_s(message)],
        tools=[tool["function"]["name"] for tool in body.get("tools") or ()],
    )


def whole(reply: Reply, body: dict[str, Any], usage: tuple[int, int]) -> dict[str, Any]:
    """The answer to a request that does not stream."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tool_call is not None:
        message["tool_calls"] = [_tool_call(reply)]
    choice = {"index": 0, "message": message, "finish_reason": _finish(reply), "logprobs": None}
    return {**_head(body, "chat.completion"), "choices": [choice], "usage": _usage(usage)}


def chunks(reply: Reply, body: dict[str, Any], usage: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """The events of a stream; the tokens are in the last one, where they were asked for."""
    head = _head(body, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    if reply.tool_call is not None:
        yield chunk({"tool_calls": [{"index": 0, **_tool_call(reply)}]})
    for piece in reply.pieces:
        yield chunk({"content": piece})
    yield chunk({}, _finish(reply))
    if tells_usage(body):
        yield {**head, "choices": [], "usage": _usage(usage)}


def tells_usage(body: dict[str, Any]) -> bool:
    """Whether the client is told the tokens."""
    return not body.get("stream") or bool((body.get("stream_options") or {}).get("include_usage"))


def error(status: int) -> dict[str, Any]:
    """The body of a failure."""
    return {"error": {"message": f"the model fails with {status}", "type": "test", "code": "test", "param": None}}


def _is_tool_s(message: dict[str, Any]) -> bool:
    """Whether a tool says it; smolagents has the user say it."""
    return message["role"] == "tool" or text_of(message.get("content")).startswith("Observation")


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": _ID, "object": kind, "created": 1_700_000_000, "model": body["model"]}


def _usage(usage: tuple[int, int]) -> dict[str, int]:
    return {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}


def _tool_call(reply: Reply) -> dict[str, Any]:
    assert reply.tool_call is not None
    function = {"name": reply.tool_call.name, "arguments": json.dumps(reply.tool_call.arguments)}
    return {"id": "call_1", "type": "function", "function": function}


def _finish(reply: Reply) -> str:
    return "stop" if reply.tool_call is None else "tool_calls"
