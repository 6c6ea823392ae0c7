"""Strands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from strands import Agent, tool
from strands.models.openai import OpenAIModel
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class Strands(AgentFramework):
    """An agent with a tool; it opens spans of its own, which MLflow reads."""

    flavours: Sequence[str] = ("strands",)

    def _agent(self) -> Agent:
        model = OpenAIModel(model_id="gpt-4o-mini", client_args={"max_retries": 0})
        return Agent(model=model, tools=[tool(add)], callback_handler=None)

    @override
    def ask(self, prompt: str) -> str:
        return str(self._agent()(prompt))

    @override
    async def ask_async(self, prompt: str) -> str:
        return str(await self._agent().invoke_async(prompt))

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for event in self._agent().stream_async(prompt):
            if "data" in event:
                yield str(event["data"])


class StrandsAuto(Strands):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
