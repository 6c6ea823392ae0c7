"""An offline chat model and its tools: deterministic, really calling tools, and opening spans as HTTP clients do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import tool

from tests.acceptance.shapes.spans import nested, raw, span

QUESTION = "Which city is the largest?"


class Model(BaseChatModel):
    """Calls the tools that it is given, all at once, then answers with what they returned."""

    calls: tuple[str, ...] = ()

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> Runnable[Any, AIMessage]:
        """Nothing to prepare: which tools to call is in `calls`."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._answer(messages)
        yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_calls=answer.tool_calls))
        for word in str(answer.content).split():
            yield ChatGenerationChunk(message=AIMessageChunk(content=word + " "))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages):
            await asyncio.sleep(0)
            yield chunk

    def _answer(self, messages: list[BaseMessage]) -> AIMessage:
        if not self.calls or isinstance(messages[-1], ToolMessage):
            return AIMessage(f"after {len(messages)} messages: Tokyo it is")
        return AIMessage("", tool_calls=[_call(name, number) for number, name in enumerate(self.calls)])


class CallingOut(Model):
    """A model whose client library is instrumented: each call opens a span."""

    def _generate(self, *arguments: Any, **keywords: Any) -> ChatResult:
        with raw("POST completions"):
            return super()._generate(*arguments, **keywords)


class Talkative(Model):
    """A model that does not come to an end by itself."""

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        while True:
            yield ChatGenerationChunk(message=AIMessageChunk(content="and "))
            time.sleep(0.01)  # The pace at which it talks, which nobody waits for.

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        while True:
            yield ChatGenerationChunk(message=AIMessageChunk(content="and "))
            await asyncio.sleep(0.01)


def _call(name: str, number: int) -> ToolCall:
    return ToolCall(name=name, args={"country": f"country {number}"}, id=f"call-{number}")


@tool
def look_up(country: str) -> str:
    """Find the largest city of a country."""
    with raw("raw"), span("inner"):
        return f"the largest city of {country}"


@tool
async def look_up_async(country: str) -> str:
    """Find the largest city of a country, giving way while spans are open."""
    with raw("raw"):
        await asyncio.sleep(0)
        with span("inner"):
            await asyncio.sleep(0)
        return f"the largest city of {country}"


@tool
def look_up_failing(country: str) -> str:
    """Fail to find the largest city of a country."""
    with span("inner"):
        raise LookupError(country)


tool_waits: ContextVar[asyncio.Event] = ContextVar("tool_waits")
"""Set when this request's `wait` has come to its waiting."""


@tool
async def wait(country: str) -> str:
    """Wait for an answer that never comes."""
    with span("inner"):
        tool_waits.get().set()
        await asyncio.Event().wait()
    return country


@tool
async def ask_another(country: str) -> str:
    """Ask another model, as an agent that consults another agent does."""
    nested("prepare", "query")
    answer = await Model().ainvoke(country)
    return str(answer.content)
