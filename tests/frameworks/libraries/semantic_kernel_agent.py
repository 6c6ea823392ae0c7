"""Semantic Kernel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.functions import kernel_function
from typing_extensions import override

from tests.frameworks.framework import AgentFramework
from tests.frameworks.tool import add


class Calculator:
    """A plugin."""

    @kernel_function(name="add", description="Add.")
    def add(self, a: int, b: int) -> int:
        """Add two numbers."""
        return add(a, b)


class SemanticKernel(AgentFramework):
    """An agent with a plugin."""

    flavours: Sequence[str] = ("semantic_kernel",)
    agent = False

    def __init__(self) -> None:
        service = OpenAIChatCompletion(ai_model_id="gpt-4o-mini")
        self.agent_ = ChatCompletionAgent(service=service, name="calculator", plugins=[Calculator()])

    @override
    async def ask_async(self, prompt: str) -> str:
        return str(await self.agent_.get_response(prompt))

    @override
    async def stream(self, prompt: str) -> AsyncIterator[str]:
        async for piece in self.agent_.invoke_stream(prompt):
            yield str(piece)


class SemanticKernelAuto(SemanticKernel):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)


class SemanticKernelBesideProvider(SemanticKernelAuto):
    """The same, in an application with a tracer provider of its own."""

    has_provider = True
