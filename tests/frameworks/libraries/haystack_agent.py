"""Haystack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import create_tool_from_function
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class Haystack(AgentFramework):
    """An agent with a tool."""

    flavours: Sequence[str] = ("haystack",)
    agent = False

    def __init__(self) -> None:
        generator = OpenAIChatGenerator(model="gpt-4o-mini", max_retries=0)
        self.agent_: Any = Agent(chat_generator=generator, tools=[create_tool_from_function(add)])

    @override
    def ask(self, prompt: str) -> str:
        return str(self.agent_.run(messages=[ChatMessage.from_user(prompt)])["last_message"].text)

    @override
    async def ask_async(self, prompt: str) -> str:
        said = await self.agent_.run_async(messages=[ChatMessage.from_user(prompt)])
        return str(said["last_message"].text)


class HaystackAuto(Haystack):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
