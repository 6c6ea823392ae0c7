"""Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.frameworks.model_server.behaviour import Prompt, Reply, text_of

PATH = "/messages"


def read(body: dict[str, Any]) -> Prompt:
    """The prompt of a request."""
    parts = [part for message in body["messages"] for part in _parts(message["content"])]
    return Prompt(
        said=" ".join([text_of(body.get("system")), *(text_of(part) for part in parts)]),
        tool_answers=[text_of(part.get("content")) for part in parts if part.get("type") == "tool_result"],
        tools=[tool["name"] for tool in body.get("tools") or ()],
    )


def whole(reply: Reply, body: dict[str, Any], usage: tuple[int, int]) -> dict[str, Any]:
    """The answer to a request that does not stream."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [_block(reply)],
        "stop_reason": "end_turn" if reply.tool_call is None else "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": usage[0], "output_tokens": usage[1]},
    }


def chunks(reply: Reply, body: dict[str, Any], usage: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """The events of a stream."""
    message = whole(reply, body, usage)
    begun = {**message, "content": [], "stop_reason": None, "usage": {"input_tokens": usage[0], "output_tokens": 0}}
    yield {"type": "message_start", "message": begun}
    yield {"type": "content_block_start", "index": 0, "content_block": _block(reply, empty=True)}
    for delta in _deltas(reply):
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": message["usage"]}
    yield {"type": "message_stop"}


def tells_usage(_body: dict[str, Any]) -> bool:
    """The client is always told the tokens."""
    return True


def error(status: int) -> dict[str, Any]:
    """The body of a failure."""
    return {"type": "error", "error": {"type": "invalid_request_error", "message": f"the model fails with {status}"}}


def _parts(content: Any) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _block(reply: Reply, *, empty: bool = False) -> dict[str, Any]:
    if reply.tool_call is None:
        return {"type": "text", "text": "" if empty else reply.text}
    given = {} if empty else reply.tool_call.arguments
    return {"type": "tool_use", "id": "toolu_1", "name": reply.tool_call.name, "input": given}


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    if reply.tool_call is not None:
        yield {"type": "input_json_delta", "partial_json": json.dumps(reply.tool_call.arguments)}
    for piece in reply.pieces:
        yield {"type": "text_delta", "text": piece}
