"""The client of Anthropic, traced by MLflow, by others and by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from anthropic import Anthropic, AsyncAnthropic
from typing_extensions import override

from tests.frameworks.framework import Framework
from tests.frameworks.tool import SCHEMA, add

MODEL = "claude-sonnet-4-5"
TOOLS: Any = [{"name": "add", "description": "Add.", "input_schema": SCHEMA}]


class AnthropicClient(Framework):
    """Messages, traced by MLflow; the client traces itself where there is a tracer provider."""

    flavours: Sequence[str] = ("anthropic",)
    tool_span = False

    def __init__(self) -> None:
        self.client, self.client_async = Anthropic(max_retries=0), AsyncAnthropic(max_retries=0)

    @override
    def ask(self, prompt: str) -> str:
        messages: Any = [{"role": "user", "content": prompt}]
        return str(self.client.messages.create(model=MODEL, max_tokens=99, messages=messages).content[0].text)

    @override
    async def ask_async(self, prompt: str) -> str:
        messages: Any = [{"role": "user", "content": prompt}]
        answer = await self.client_async.messages.create(model=MODEL, max_tokens=99, messages=messages)
        return str(answer.content[0].text)

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        messages: Any = [{"role": "user", "content": prompt}]
        async with self.client_async.messages.stream(model=MODEL, max_tokens=99, messages=messages) as stream:
            async for text in stream.text_stream:
                yield text

    @override
    async def use_tool(self, prompt: str) -> str:
        messages: Any = [{"role": "user", "content": prompt}]
        asked = await self.client_async.messages.create(model=MODEL, max_tokens=99, messages=messages, tools=TOOLS)
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": str(add(1, 2))}
        called = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": asked.content[0].input}
        messages += [{"role": "assistant", "content": [called]}, {"role": "user", "content": [result]}]
        answer = await self.client_async.messages.create(model=MODEL, max_tokens=99, messages=messages, tools=TOOLS)
        return str(answer.content[0].text)


class AnthropicThrice(AnthropicClient):
    """The same, traced by OpenInference and Traceloop besides."""

    @override
    def prepare(self) -> None:
        from openinference.instrumentation.anthropic import AnthropicInstrumentor
        from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor as TraceloopInstrumentor

        AnthropicInstrumentor().instrument()
        TraceloopInstrumentor().instrument()


class AnthropicTwice(AnthropicThrice):
    """The same, without MLflow's autologging."""

    flavours: Sequence[str] = ()
