"""How a framework is called: what each row of the matrix says about itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from typing_extensions import override

COLUMNS = ("sync", "async", "streamed", "tools", "10 at once", "error", "client gone")

_NEEDED = {
    "sync": "ask",
    "async": "ask_async",
    "streamed": "stream",
    "tools": "use_tool",
    "10 at once": "ask_async",
    "error": "ask_async",
    "client gone": "stream",
}
"""The method that each column calls; a framework that lacks it leaves the column out."""


@dataclass(frozen=True)
class Expected:
    """What is to be found in the traces of a framework."""

    agent: bool
    """Each call of a model has an agent's span above it."""
    tool_span: bool
    """The call of a tool has a span of its own."""
    steps: Sequence[str] = ()
    """The names of spans that MLflow takes for calls of models, and that are steps round one."""


class Framework:
    """One library, traced in one way; made after `instrument()`. Methods that are not overridden are not offered."""

    flavours: Sequence[str] = ()
    """For `tracing.autolog`."""
    has_provider = False
    """Whether the application sets a tracer provider of its own before `instrument()`."""

    agent = False
    """Whether each call of a model has an agent's span above it."""
    tool_span = True
    """Whether the library itself calls the tool, so that the call has a span of its own."""

    steps: Sequence[str] = ()
    """The names of spans that MLflow takes for calls of models, and that are steps round one."""

    @property
    def expected(self) -> Expected:
        """What is to be found in its traces."""
        return Expected(self.agent, self.tool_span, self.steps)

    def prepare(self) -> None:
        """Enable the other instrumentations, before anything is asked."""

    def ask(self, prompt: str) -> str:
        """Ask the model once."""
        raise NotImplementedError

    async def ask_async(self, prompt: str) -> str:
        """The same."""
        raise NotImplementedError

    def stream(self, prompt: str) -> AsyncIterator[str]:
        """The same, piece by piece."""
        raise NotImplementedError

    async def use_tool(self, prompt: str) -> str:
        """Ask a model that has the tool `add`."""
        raise NotImplementedError

    def offers(self, column: str) -> bool:
        """Whether the column is one for this framework."""
        name = _NEEDED[column]
        return getattr(type(self), name) is not getattr(Framework, name)


class AgentFramework(Framework):
    """One that is asked the same way whether it is going to need its tool or not."""

    agent = True

    @override
    async def use_tool(self, prompt: str) -> str:
        return await self.ask_async(prompt)
