"""Google's ADK, over LiteLLM."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from google.adk.agents import LlmAgent
from google.adk.agents.run_config import RunConfig, StreamingMode
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai import types
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class GoogleADK(AgentFramework):
    """An agent with a tool; it opens spans of its own, which MLflow reads."""

    def __init__(self) -> None:
        agent = LlmAgent(name="calculator", model=LiteLlm("openai/gpt-4o-mini", num_retries=0), tools=[add])
        self.runner = InMemoryRunner(agent=agent, app_name="frameworks")

    async def _events(self, prompt: str, config: RunConfig) -> AsyncIterator[str]:
        session = await self.runner.session_service.create_session(app_name="frameworks", user_id="somebody")
        content = types.Content(role="user", parts=[types.Part(text=prompt)])
        events = self.runner.run_async(
            user_id="somebody", session_id=session.id, new_message=content, run_config=config
        )
        async for event in events:
            parts = event.content.parts if event.content and event.content.parts else []
            yield "".join(part.text or "" for part in parts)

    @override
    async def ask_async(self, prompt: str) -> str:
        return "".join([text async for text in self._events(prompt, RunConfig())])

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for text in self._events(prompt, RunConfig(streaming_mode=StreamingMode.SSE)):
            yield text


class GoogleADKAuto(GoogleADK):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
