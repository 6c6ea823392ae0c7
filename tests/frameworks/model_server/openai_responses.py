"""OpenAI's responses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.frameworks.model_server.behaviour import Prompt, Reply, text_of
from tests.frameworks.model_server.openai_chat import error

PATH = "/responses"
_MESSAGE = "msg_1"

__all__ = ["PATH", "chunks", "error", "read", "tells_usage", "whole"]


def read(body: dict[str, Any]) -> Prompt:
    """The prompt of a request."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    return Prompt(
        said=" ".join([body.get("instructions") or "", *(text_of(item) for item in items)]),
        tool_answers=[text_of(item) for item in items if item.get("type") == "function_call_output"],
        tools=[tool["name"] for tool in body.get("tools") or () if "name" in tool],
    )


def whole(reply: Reply, body: dict[str, Any], usage: tuple[int, int]) -> dict[str, Any]:
    """The answer to a request that does not stream."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "model": body["model"],
        "output": [_item(reply)],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "usage": {
            "input_tokens": usage[0],
            "output_tokens": usage[1],
            "total_tokens": sum(usage),
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


def chunks(reply: Reply, body: dict[str, Any], usage: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """The events of a stream, numbered."""
    for number, event in enumerate(_events(reply, whole(reply, body, usage))):
        yield {**event, "sequence_number": number}


def tells_usage(_body: dict[str, Any]) -> bool:
    """The client is always told the tokens."""
    return True


def _events(reply: Reply, response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.output_item.added", "output_index": 0, "item": _item(Reply(tool_call=reply.tool_call))}
    yield from _call_events(reply) if reply.tool_call is not None else _text_events(reply)
    yield {"type": "response.output_item.done", "output_index": 0, "item": _item(reply)}
    yield {"type": "response.completed", "response": response}


def _text_events(reply: Reply) -> Iterator[dict[str, Any]]:
    place = {"item_id": _MESSAGE, "output_index": 0, "content_index": 0}
    yield {"type": "response.content_part.added", **place, "part": _part("")}
    for piece in reply.pieces:
        yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": reply.text, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": _part(reply.text)}


def _call_events(reply: Reply) -> Iterator[dict[str, Any]]:
    item = _item(reply)
    place = {"item_id": item["id"], "output_index": 0}
    yield {"type": "response.function_call_arguments.delta", **place, "delta": item["arguments"]}
    yield {
        "type": "response.function_call_arguments.done",
        **place,
        "arguments": item["arguments"],
        "name": item["name"],
    }


def _item(reply: Reply) -> dict[str, Any]:
    if reply.tool_call is None:
        content = [_part(reply.text)] if reply.pieces else []
        return {"id": _MESSAGE, "type": "message", "role": "assistant", "status": "completed", "content": content}
    call = reply.tool_call
    named = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": "fc_1", "type": "function_call", "call_id": "call_1", "status": "completed", **named}


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}
