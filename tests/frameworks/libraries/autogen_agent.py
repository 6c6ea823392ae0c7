"""AutoGen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class AutoGen(AgentFramework):
    """An assistant with a tool."""

    flavours: Sequence[str] = ("autogen",)

    def _agent(self) -> AssistantAgent:
        client: Any = OpenAIChatCompletionClient(model="gpt-4o-mini", max_retries=0)
        return AssistantAgent("calculator", model_client=client, tools=[add], reflect_on_tool_use=True)

    @override
    async def ask_async(self, prompt: str) -> str:
        said: Any = (await self._agent().run(task=prompt)).messages[-1]
        return str(said.content)


class AutoGenAuto(AutoGen):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
