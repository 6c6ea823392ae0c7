"""OpenAI's format, which endpoints of Databricks model serving take and give, as LangChain's messages. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk

# A streamed answer goes on in pieces of about so many characters: each one becomes an event on the model's span.
PIECE = 400


def body_of(messages: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]], *, stream: bool) -> dict[str, Any]:
    """The request."""
    body: dict[str, Any] = {"messages": convert_to_openai_messages(messages)}
    if tools:
        body["tools"] = list(tools)
    return {**body, "stream": True, "stream_options": {"include_usage": True}} if stream else body


def message_of(answer: Mapping[str, Any]) -> AIMessage:
    """The answer that came in one piece."""
    said = answer["choices"][0]["message"]
    calls = [_call(call) for call in said.get("tool_calls") or []]
    return AIMessage(
        content=_text(said.get("content")),
        tool_calls=[call for call in calls if call["type"] == "tool_call"],
        invalid_tool_calls=[call for call in calls if call["type"] == "invalid_tool_call"],
        usage_metadata=_usage(answer),
        response_metadata=_about(answer),
    )


def chunks_of(lines: Iterable[str]) -> Iterator[AIMessageChunk]:
    """The pieces of a streamed answer, from the lines of its events."""
    for line in lines:
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data and data != "[DONE]":
            yield _chunk(json.loads(data))


def in_pieces(chunks: Iterable[AIMessageChunk]) -> Iterator[AIMessageChunk]:
    """The same in fewer pieces: what is only a few characters waits for what follows."""
    piece: AIMessageChunk | None = None
    for chunk in chunks:
        piece = chunk if piece is None else piece + chunk
        if len(piece.text) >= PIECE:
            yield piece
            piece = None
    if piece is not None:
        yield piece


def _chunk(event: Mapping[str, Any]) -> AIMessageChunk:
    delta = event["choices"][0].get("delta", {}) if event.get("choices") else {}
    return AIMessageChunk(
        content=_text(delta.get("content")),
        tool_call_chunks=[_call_chunk(call) for call in delta.get("tool_calls") or []],
        usage_metadata=_usage(event),
        response_metadata=_about(event) if _usage(event) else {},
    )


def _call(call: Mapping[str, Any]) -> Any:
    function = call["function"]
    try:
        args = json.loads(function["arguments"] or "{}")
    except json.JSONDecodeError as error:
        return invalid_tool_call(name=function["name"], args=function["arguments"], id=call["id"], error=str(error))
    return tool_call(name=function["name"], args=args, id=call["id"])


def _call_chunk(call: Mapping[str, Any]) -> Any:
    function = call.get("function", {})
    return tool_call_chunk(
        name=function.get("name"), args=function.get("arguments"), id=call.get("id"), index=call.get("index")
    )


def _text(content: Any) -> str:
    """Some endpoints answer a list of parts, of which the text ones count."""
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if part.get("type") == "text")
    return content or ""


def _usage(answer: Mapping[str, Any]) -> UsageMetadata | None:
    used = answer.get("usage")
    if not used:
        return None
    return UsageMetadata(
        input_tokens=used["prompt_tokens"],
        output_tokens=used.get("completion_tokens", 0),
        total_tokens=used["total_tokens"],
    )


def _about(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"model_name": answer["model"]} if answer.get("model") else {}
