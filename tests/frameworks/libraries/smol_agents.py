"""smolagents."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from smolagents import OpenAIServerModel, ToolCallingAgent, tool
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class SmolAgents(AgentFramework):
    """An agent that calls tools; it ends by calling one, too."""

    flavours: Sequence[str] = ("smolagents",)

    def __init__(self) -> None:
        self.model = OpenAIServerModel("gpt-4o-mini", client_kwargs={"max_retries": 0})

    @override
    def ask(self, prompt: str) -> str:
        return str(ToolCallingAgent(tools=[tool(add)], model=self.model, verbosity_level=0).run(prompt))

    @override
    async def ask_async(self, prompt: str) -> str:
        return await asyncio.to_thread(self.ask, prompt)


class SmolAgentsAuto(SmolAgents):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
