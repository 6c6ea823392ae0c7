"""OpenAI's format, which endpoints of Databricks model serving take and give, as LangChain's messages. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk

from app.agent.errors import ModelError
from app.secrets import masked

DONE = "[DONE]"
"""What is said when the answer is over."""


def body_of(messages: Sequence[BaseMessage], **options: Any) -> dict[str, Any]:
    """The request for a streamed answer."""
    return {"messages": convert_to_openai_messages(messages), "stream": True, **options}


def data_of(line: str) -> str:
    """The data of a line of server-sent events; empty for any other."""
    return line.removeprefix("data:").strip() if line.startswith("data:") else ""


def chunk_of(data: str) -> AIMessageChunk:
    """One event. Raises `ModelError` where it tells of a failure."""
    event = json.loads(data)
    if not isinstance(event, dict):
        raise ValueError("an event of the stream is no JSON object")
    if error := event.get("error") or event.get("error_code"):
        said = error.get("message", "") if isinstance(error, dict) else event.get("message", error)
        raise ModelError.failed_midway(masked(str(said)))
    choice = event["choices"][0] if event.get("choices") else {}
    delta = choice.get("delta") or {}
    return AIMessageChunk(
        content=delta.get("content") or "",
        tool_call_chunks=[_call_chunk(call) for call in delta.get("tool_calls") or []],
        usage_metadata=_usage(event),
        response_metadata=_metadata(event, choice),
    )


def _call_chunk(call: Mapping[str, Any]) -> Any:
    function = call.get("function", {})
    return tool_call_chunk(
        name=function.get("name"), args=function.get("arguments"), id=call.get("id"), index=call.get("index")
    )


def _usage(event: Mapping[str, Any]) -> UsageMetadata | None:
    used = event.get("usage")
    if not used:
        return None
    read, written = used.get("prompt_tokens", 0), used.get("completion_tokens", 0)
    return UsageMetadata(
        input_tokens=read, output_tokens=written, total_tokens=used.get("total_tokens", read + written)
    )


def _metadata(event: Mapping[str, Any], choice: Mapping[str, Any]) -> dict[str, Any]:
    known = {"model_name": event.get("model"), "finish_reason": choice.get("finish_reason")}
    return {name: value for name, value in known.items() if value}
