"""The slide agent: LangChain's `create_agent` over a chat model and the data tools, one for each Genie space."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from app.data.genie import GenieError, GenieSpace, genie_tool, tool_name
from app.pool import DATA

SlideAgent = CompiledStateGraph[Any, Any, Any, Any]
ToolAnswer = ToolMessage | Command[Any]


class TellToolErrors(AgentMiddleware[AgentState[Any], None]):
    """A question that the data cannot answer is an error in the trace and a plain sentence for the model."""

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolAnswer]]
    ) -> ToolAnswer:
        """Call the tool; put `GenieError` into words. Any other error is a defect and ends the turn."""
        try:
            return await handler(request)
        except GenieError as error:
            call = request.tool_call
            return ToolMessage(str(error), tool_call_id=str(call["id"]), name=call["name"], status="error")


class TellAboutData(AgentMiddleware[AgentState[Any], None]):
    """The model reads what each space says of itself, once that is known: asking for it needs the network."""

    def __init__(self, spaces: Mapping[str, GenieSpace]) -> None:
        self._spaces = {tool_name(name): space for name, space in spaces.items()}

    async def awrap_model_call(
        self, request: ModelRequest[None], handler: Callable[[ModelRequest[None]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Offer each data tool under its space's own description."""
        tools = await asyncio.gather(*map(self._described, request.tools))
        return await handler(request.override(tools=tools))

    async def _described(self, tool: Any) -> Any:
        space = self._spaces.get(tool.name) if isinstance(tool, BaseTool) else None
        return tool.model_copy(update={"description": await DATA.run(space.describe)}) if space else tool


def slide_agent(model: BaseChatModel, spaces: Mapping[str, GenieSpace]) -> SlideAgent:
    """Build the agent; it holds no conversation and may serve any number of turns at once.

    `spaces` go by their names; one alone may have none.
    """
    tools = [genie_tool(space, name) for name, space in spaces.items()]
    return create_agent(model, tools, middleware=[TellToolErrors(), TellAboutData(spaces)], name="slide_agent")
