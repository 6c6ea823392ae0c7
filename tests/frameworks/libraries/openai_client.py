"""The client of OpenAI, traced by MLflow and by others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from openai import AsyncOpenAI, OpenAI
from typing_extensions import override

from tests.frameworks.framework import Framework
from tests.frameworks.tool import SCHEMA, add

MODEL = "gpt-4o-mini"
TOOLS: Any = [{"type": "function", "function": {"name": "add", "description": "Add.", "parameters": SCHEMA}}]


class OpenAIClient(Framework):
    """Chat completions, traced by MLflow."""

    flavours: Sequence[str] = ("openai",)
    tool_span = False

    def __init__(self) -> None:
        self.client, self.client_async = OpenAI(max_retries=0), AsyncOpenAI(max_retries=0)

    @override
    def ask(self, prompt: str) -> str:
        answer = self.client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}])
        return answer.choices[0].message.content or ""

    @override
    async def ask_async(self, prompt: str) -> str:
        messages: Any = [{"role": "user", "content": prompt}]
        answer = await self.client_async.chat.completions.create(model=MODEL, messages=messages)
        return answer.choices[0].message.content or ""

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        stream = await self.client_async.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": prompt}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            for choice in chunk.choices:
                yield choice.delta.content or ""

    @override
    async def use_tool(self, prompt: str) -> str:
        messages: Any = [{"role": "user", "content": prompt}]
        asked = await self.client_async.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
        messages.append(asked.choices[0].message.model_dump(exclude_none=True))
        messages.append({"role": "tool", "tool_call_id": "call_1", "content": str(add(1, 2))})
        answer = await self.client_async.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
        return answer.choices[0].message.content or ""


class OpenAIResponses(Framework):
    """Responses, traced by MLflow."""

    flavours: Sequence[str] = ("openai",)

    def __init__(self) -> None:
        self.client, self.client_async = OpenAI(max_retries=0), AsyncOpenAI(max_retries=0)

    @override
    def ask(self, prompt: str) -> str:
        return self.client.responses.create(model=MODEL, input=prompt).output_text

    @override
    async def ask_async(self, prompt: str) -> str:
        return (await self.client_async.responses.create(model=MODEL, input=prompt)).output_text

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for event in await self.client_async.responses.create(model=MODEL, input=prompt, stream=True):
            if event.type == "response.output_text.delta":
                yield event.delta


def _instrument_with_openinference_and_traceloop() -> None:
    from openinference.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor as TraceloopInstrumentor

    OpenAIInstrumentor().instrument()
    TraceloopInstrumentor().instrument()


class OpenAIThrice(OpenAIClient):
    """The same, traced by OpenInference and Traceloop besides."""

    @override
    def prepare(self) -> None:
        _instrument_with_openinference_and_traceloop()


class OpenAITwice(OpenAIClient):
    """The same, traced by those alone."""

    flavours: Sequence[str] = ()

    @override
    def prepare(self) -> None:
        _instrument_with_openinference_and_traceloop()


class OpenAIMlflowLogfire(OpenAIClient):
    """Traced by Logfire besides, which brings its own tracer provider."""

    @override
    def prepare(self) -> None:
        import logfire

        logfire.configure(send_to_logfire=False, console=False)
        logfire.instrument_openai(self.client)
        logfire.instrument_openai(self.client_async)


class OpenAILogfire(OpenAIMlflowLogfire):
    """Traced by Logfire alone."""

    flavours: Sequence[str] = ()


class OpenAILangSmith(OpenAIClient):
    """Traced by LangSmith besides, in its OpenTelemetry mode."""

    @override
    def prepare(self) -> None:
        import os

        os.environ.update(LANGSMITH_TRACING="true", LANGSMITH_OTEL_ENABLED="true", LANGSMITH_OTEL_ONLY="true")
        from langsmith.wrappers import wrap_openai

        self.client, self.client_async = wrap_openai(self.client), wrap_openai(self.client_async)
