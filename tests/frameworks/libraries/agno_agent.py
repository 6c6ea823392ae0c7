"""Agno."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from agno.agent import Agent
from agno.models.openai import OpenAIChat
from agno.run.agent import RunOutput
from agno.run.base import RunStatus
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class AgnoAgent(AgentFramework):
    """An agent with a tool."""

    flavours: Sequence[str] = ("agno",)

    def _agent(self) -> Agent:
        return Agent(model=OpenAIChat(id="gpt-4o-mini", max_retries=0), tools=[add], telemetry=False)

    @override
    def ask(self, prompt: str) -> str:
        return _text(self._agent().run(prompt))

    @override
    async def ask_async(self, prompt: str) -> str:
        return _text(await self._agent().arun(prompt))

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for event in self._agent().arun(prompt, stream=True):
            yield str(getattr(event, "content", "") or "")


class AgnoAuto(AgnoAgent):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)


def _text(run: RunOutput) -> str:
    """Agno raises nothing when a model fails: it answers the error's message."""
    if run.status is RunStatus.error:
        raise RuntimeError(run.content)
    return str(run.content)
