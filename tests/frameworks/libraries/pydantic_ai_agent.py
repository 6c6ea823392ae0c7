"""pydantic-ai."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from pydantic_ai import Agent
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class PydanticAI(AgentFramework):
    """An agent with a tool."""

    flavours: Sequence[str] = ("pydantic_ai",)

    def __init__(self) -> None:
        self.agent_ = Agent("openai-chat:gpt-4o-mini", name="calculator", tools=[add])

    @override
    def ask(self, prompt: str) -> str:
        return self.agent_.run_sync(prompt).output

    @override
    async def ask_async(self, prompt: str) -> str:
        return (await self.agent_.run(prompt)).output

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async with self.agent_.run_stream(prompt) as result:
            async for text in result.stream_text(delta=True, debounce_by=None):
                yield text


class PydanticAIAuto(PydanticAI):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
