"""LlamaIndex."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from typing_extensions import override

from tests.frameworks.framework import Framework
from tests.frameworks.tool import add


class LlamaIndex(Framework):
    """A model, and an agent round it."""

    flavours: Sequence[str] = ("llama_index",)
    steps = ("OpenAI._prepare_chat_with_tools",)

    def __init__(self) -> None:
        self.model = OpenAI(model="gpt-4o-mini", max_retries=0)

    @override
    def ask(self, prompt: str) -> str:
        return str(self.model.complete(prompt))

    @override
    async def ask_async(self, prompt: str) -> str:
        return str(await self.model.acomplete(prompt))

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for chunk in await self.model.astream_complete(prompt):
            yield chunk.delta or ""

    @override
    async def use_tool(self, prompt: str) -> str:
        agent = FunctionAgent(tools=[FunctionTool.from_defaults(add)], llm=self.model, streaming=False)
        return str(await agent.run(prompt))


class LlamaIndexAuto(LlamaIndex):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
