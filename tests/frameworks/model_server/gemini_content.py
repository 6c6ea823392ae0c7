"""Gemini's contents. The model, and whether the answer streams, are in the path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.frameworks.model_server.behaviour import Prompt, Reply, text_of

PATH = "/v1beta/models/{model}:{method}"


def read(body: dict[str, Any]) -> Prompt:
    """The prompt of a request."""
    parts = [part for content in body["contents"] for part in content["parts"]]
    answers = [part["functionResponse"]["response"] for part in parts if "functionResponse" in part]
    offered = [each for tool in body.get("tools") or () for each in tool.get("functionDeclarations", ())]
    return Prompt(
        said=" ".join(text_of(part) for part in parts),
        tool_answers=[str(answer.get("result", answer)) for answer in answers],
        tools=[each["name"] for each in offered],
    )


def whole(reply: Reply, body: dict[str, Any], usage: tuple[int, int]) -> dict[str, Any]:
    """The answer to a request that does not stream."""
    return _answer([_part(reply)], body) | _ending(usage)


def chunks(reply: Reply, body: dict[str, Any], usage: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """The events of a stream."""
    for piece in reply.pieces[:-1]:
        yield _answer([{"text": piece}], body)
    yield _answer([_part(Reply(reply.pieces[-1:], reply.tool_call))], body) | _ending(usage)


def tells_usage(_body: dict[str, Any]) -> bool:
    """The client is always told the tokens."""
    return True


def error(status: int) -> dict[str, Any]:
    """The body of a failure."""
    return {"error": {"code": status, "message": f"the model fails with {status}", "status": "INVALID_ARGUMENT"}}


def _answer(parts: list[dict[str, Any]], body: dict[str, Any]) -> dict[str, Any]:
    content = {"role": "model", "parts": parts}
    return {"candidates": [{"index": 0, "content": content, "finishReason": "STOP"}], "modelVersion": body["model"]}


def _ending(usage: tuple[int, int]) -> dict[str, Any]:
    counted = {"promptTokenCount": usage[0], "candidatesTokenCount": usage[1], "totalTokenCount": sum(usage)}
    return {"usageMetadata": counted}


def _part(reply: Reply) -> dict[str, Any]:
    if reply.tool_call is None:
        return {"text": reply.text}
    return {"functionCall": {"name": reply.tool_call.name, "args": reply.tool_call.arguments}}
