"""LiteLLM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import litellm
from typing_extensions import override

from tests.frameworks.framework import Framework

MODEL = "openai/gpt-4o-mini"


class LiteLLM(Framework):
    """Completions."""

    flavours: Sequence[str] = ("litellm",)

    @override
    def ask(self, prompt: str) -> str:
        answer = litellm.completion(MODEL, messages=[{"role": "user", "content": prompt}])
        return str(answer.choices[0].message.content)

    @override
    async def ask_async(self, prompt: str) -> str:
        answer = await litellm.acompletion(MODEL, messages=[{"role": "user", "content": prompt}])
        return str(answer.choices[0].message.content)

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        messages = [{"role": "user", "content": prompt}]
        stream = await litellm.acompletion(
            MODEL, messages=messages, stream=True, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            yield chunk.choices[0].delta.content or "" if chunk.choices else ""


class LiteLLMAuto(LiteLLM):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
