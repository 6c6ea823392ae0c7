"""OpenAI's agents."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from agents import Agent, Runner, function_tool
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class OpenAIAgents(AgentFramework):
    """An agent with a tool."""

    flavours: Sequence[str] = ("openai",)

    def __init__(self) -> None:
        self.agent_ = Agent(name="calculator", instructions="Help.", model="gpt-4o-mini", tools=[function_tool(add)])

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
        return str(Runner.run_sync(self.agent_, prompt).final_output)
