"""LangChain: a chat model, and an agent round it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from langchain.agents import create_agent
from langchain_core.tools import tool
from typing_extensions import override

from tests.frameworks.framework import Framework
from tests.frameworks.tool import add


class LangChain(Framework):
    """A chat model, and an agent round it."""

    flavours: Sequence[str] = ("langchain",)

    def __init__(self, model: Any) -> None:
        self.model = model
        self.agent_: Any = create_agent(model, [tool(add)])

    @override
    def ask(self, prompt: str) -> str:
        return str(self.model.invoke(prompt).text)

    @override
    async def ask_async(self, prompt: str) -> str:
        return str((await self.model.ainvoke(prompt)).text)

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for chunk in self.model.astream(prompt):
            yield str(chunk.text)

    @override
    async def use_tool(self, prompt: str) -> str:
        said = await self.agent_.ainvoke({"messages": [{"role": "user", "content": prompt}]})
        return str(said["messages"][-1].text)
