"""OpenAI's agents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from agents import Agent, OpenAIResponsesModel, Runner, function_tool
from openai import AsyncOpenAI
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class OpenAIAgents(AgentFramework):
    """An agent with a tool."""

    flavours: Sequence[str] = ("openai",)

    def __init__(self) -> None:
        self.agent_ = self._agent()

    def _agent(self) -> Agent:
        """One with a client of its own: that of OpenAI Agents keeps connections of an event loop that is over."""
        model = OpenAIResponsesModel("gpt-4o-mini", AsyncOpenAI())
        return Agent(name="calculator", instructions="Help.", model=model, tools=[function_tool(add)])

    @override
    async def ask_async(self, prompt: str) -> str:
        return str((await Runner.run(self.agent_, prompt)).final_output)

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for event in Runner.run_streamed(self.agent_, prompt).stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                yield event.data.delta

    @override
    def ask(self, prompt: str) -> str:
        return str(Runner.run_sync(self._agent(), prompt).final_output)
