"""Google's client of Gemini."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from google import genai
from google.genai import types
from typing_extensions import override

from tests.frameworks.framework import Framework
from tests.frameworks.tool import add

MODEL = "gemini-2.5-flash"


class Gemini(Framework):
    """Contents, traced by MLflow; the client calls tools itself, and opens no spans for them."""

    flavours: Sequence[str] = ("gemini",)
    tool_span = False
    steps = ("Models.generate_content", "AsyncModels.generate_content")

    def __init__(self) -> None:
        self.client = genai.Client()

    @override
    def ask(self, prompt: str) -> str:
        return self.client.models.generate_content(model=MODEL, contents=prompt).text or ""

    @override
    async def ask_async(self, prompt: str) -> str:
        return (await self.client.aio.models.generate_content(model=MODEL, contents=prompt)).text or ""

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for chunk in await self.client.aio.models.generate_content_stream(model=MODEL, contents=prompt):
            yield chunk.text or ""

    @override
    async def use_tool(self, prompt: str) -> str:
        config = types.GenerateContentConfig(tools=[add])
        answer = await self.client.aio.models.generate_content(model=MODEL, contents=prompt, config=config)
        return answer.text or ""
