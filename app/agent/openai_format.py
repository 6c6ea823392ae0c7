"""OpenAI's format, which endpoints of Databricks model serving take and give, as LangChain's messages. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk

from app.agent.errors import IncompleteAnswerError, ModelError
from app.secrets import masked

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
    choice = answer["choices"][0]
    said = choice["message"]
    calls = [_call(call) for call in said.get("tool_calls") or []]
    return AIMessage(
        content=_text(said.get("content")),
        tool_calls=[call for call in calls if call["type"] == "tool_call"],
        invalid_tool_calls=[call for call in calls if call["type"] == "invalid_tool_call"],
        usage_metadata=_usage(answer),
        response_metadata={**_about(answer), **_finish(choice)},
    )


class StreamedAnswer:
    """An answer that comes as lines of server-sent events: pieces of some size go out, and in the end it is whole."""

    def __init__(self) -> None:
        self._piece: AIMessageChunk | None = None
        self._is_done = False

    def take(self, line: str) -> AIMessageChunk | None:
        """The next piece, when there is enough of it. Raises `ModelError` for an event that tells of a failure."""
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data == "[DONE]":
            self._is_done = True
        elif data:
            chunk = _chunk(_event(data))
            self._piece = chunk if self._piece is None else self._piece + chunk
        return self._next() if self._piece and len(self._piece.text) >= PIECE else None

    def last(self) -> AIMessageChunk | None:
        """The last piece. Raises `IncompleteAnswerError` if the stream ended before the answer did."""
        if not self._is_done:
            raise IncompleteAnswerError("its answer broke off in the middle.")
        return self._next()

    def _next(self) -> AIMessageChunk | None:
        piece, self._piece = self._piece, None
        return piece


def _event(data: str) -> Mapping[str, Any]:
    event = json.loads(data)
    if not isinstance(event, dict):
        raise ValueError("an event of the stream is no JSON object")
    if error := event.get("error") or event.get("error_code"):
        said = error.get("message", "") if isinstance(error, dict) else event.get("message", error)
        raise ModelError(f"it failed in the middle of its answer: {masked(str(said))}.")
    return event


def _chunk(event: Mapping[str, Any]) -> AIMessageChunk:
    choice = event["choices"][0] if event.get("choices") else {}
    delta = choice.get("delta") or {}
    return AIMessageChunk(
        content=_text(delta.get("content")),
        tool_call_chunks=[_call_chunk(call) for call in delta.get("tool_calls") or []],
        usage_metadata=_usage(event),
        response_metadata={**(_about(event) if _usage(event) else {}), **_finish(choice)},
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


def _finish(choice: Mapping[str, Any]) -> dict[str, Any]:
    return {"finish_reason": choice["finish_reason"]} if choice.get("finish_reason") else {}


def _usage(answer: Mapping[str, Any]) -> UsageMetadata | None:
    used = answer.get("usage")
    if not used:
        return None
    read, written = used.get("prompt_tokens", 0), used.get("completion_tokens", 0)
    return UsageMetadata(
        input_tokens=read, output_tokens=written, total_tokens=used.get("total_tokens", read + written)
    )


def _about(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"model_name": answer["model"]} if answer.get("model") else {}
