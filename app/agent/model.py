"""A LangChain chat model that needs no network: rules, no language model, and it says so in its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from app.agent.plan import Answer, Asked, next_step
from app.agent.toolcalling import ToolCallingModel
from app.decks.deck import split_answer

MODEL_NAME = "embedded-slide-rules-1"
DEFAULT_SLIDES = 10
_SLIDE_LIMIT = re.compile(r"\bat most (\d+) slides?\b", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!doctype html", re.IGNORECASE)
_TOKEN = re.compile(r"\w+|[^\w\s]")
# A streamed answer comes in pieces of about this many characters.
_PIECE = 400


class EmbeddedSlideModel(ToolCallingModel):
    """Plans from a small vocabulary, calls the data tool that it is given, and writes the deck from what it gets."""

    provider: ClassVar[str] = "embedded"

    @property
    def served_name(self) -> str:
        """It says that there is no language model behind it."""
        return MODEL_NAME

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=_reply(messages, kwargs.get("tools", [])))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in _pieces(_reply(messages, kwargs.get("tools", []))):
            chunk = ChatGenerationChunk(message=piece)
            if run_manager:
                run_manager.on_llm_new_token(piece.text, chunk=chunk)
            yield chunk


def _reply(messages: list[BaseMessage], tools: list[dict[str, Any]]) -> AIMessage:
    turn = messages[_last_question(messages) :]
    step = next_step(turn[0].text, _slide_limit(messages), _asked(turn), _deck(messages))
    if isinstance(step, Answer):
        return _message(messages, tools, text="\n\n".join(filter(None, (step.words, step.document))))
    if not tools:
        return _message(messages, tools, text="I can't answer that: I was given no tool to ask the data with.")
    return _message(messages, tools, queries=step.queries)


def _last_question(messages: list[BaseMessage]) -> int:
    return max(place for place, message in enumerate(messages) if isinstance(message, HumanMessage))


def _slide_limit(messages: list[BaseMessage]) -> int:
    instructions = "\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    limit = _SLIDE_LIMIT.search(instructions)
    return int(limit.group(1)) if limit else DEFAULT_SLIDES


def _deck(messages: list[BaseMessage]) -> str:
    """The deck that is there, as the instructions show it: the last document in them."""
    instructions = "\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    starts = [found.start() for found in _DOCTYPE.finditer(instructions)]
    return split_answer(instructions[starts[-1] :])[1] if starts else ""


def _asked(turn: list[BaseMessage]) -> list[Asked]:
    answers = {message.tool_call_id: message for message in turn if isinstance(message, ToolMessage)}
    calls = [call for message in turn if isinstance(message, AIMessage) for call in message.tool_calls]
    return [_pair(call["args"]["query"], answers[str(call["id"])]) for call in calls]


def _pair(query: str, answer: ToolMessage) -> Asked:
    return Asked(query, answer.text, failed=answer.status == "error")


def _message(
    messages: list[BaseMessage], tools: list[dict[str, Any]], *, text: str = "", queries: Sequence[str] = ()
) -> AIMessage:
    made = sum(len(message.tool_calls) for message in messages if isinstance(message, AIMessage))
    calls = [
        tool_call(name=tools[0]["function"]["name"], args={"query": query}, id=f"call_{made + number}")
        for number, query in enumerate(queries, start=1)
    ]
    read = sum(_tokens(message.text) for message in messages) + _tokens(json.dumps(tools))
    written = _tokens(text) + sum(_tokens(json.dumps(call["args"])) for call in calls)
    usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
    return AIMessage(content=text, tool_calls=calls, usage_metadata=usage, response_metadata={"model_name": MODEL_NAME})


def _tokens(text: str) -> int:
    """How many words and signs there are: this model has no tokenizer."""
    return len(_TOKEN.findall(text))


def _pieces(message: AIMessage) -> Iterator[AIMessageChunk]:
    text = message.text
    for start in range(0, len(text), _PIECE):
        yield AIMessageChunk(content=text[start : start + _PIECE])
    yield AIMessageChunk(
        content="",
        tool_call_chunks=[
            tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=place)
            for place, call in enumerate(message.tool_calls)
        ],
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
    )
