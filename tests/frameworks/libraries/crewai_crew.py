"""CrewAI."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class CrewAI(AgentFramework):
    """A crew of one agent with one task."""

    flavours: Sequence[str] = ("crewai",)

    @override
    def ask(self, prompt: str) -> str:
        model = LLM(model="openai/gpt-4o-mini", max_retries=0)
        agent = Agent(role="calculator", goal="help", backstory="none", llm=model, tools=[tool("add")(add)])
        task = Task(description=prompt, expected_output="an answer", agent=agent)
        return str(Crew(agents=[agent], tasks=[task]).kickoff())

    @override
    async def ask_async(self, prompt: str) -> str:
        return await asyncio.to_thread(self.ask, prompt)


class CrewAIAuto(CrewAI):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
