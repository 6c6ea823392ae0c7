"""The slide agent: LangChain's `create_agent` over a chat model and the data tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from app.data.genie import TOOL_NAME, GenieError, GenieSpace, genie_tool
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
    """The model reads what the space says of itself, once that is known: asking for it needs the network."""

    def __init__(self, space: GenieSpace) -> None:
        self._space = space

    async def awrap_model_call(
        self, request: ModelRequest[None], handler: Callable[[ModelRequest[None]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Offer the data tool under the space's own description."""
        description = await DATA.run(self._space.describe)
        tools = [_described(tool, description) for tool in request.tools]
        return await handler(request.override(tools=tools))


def _described(tool: Any, description: str) -> Any:
    is_data = isinstance(tool, BaseTool) and tool.name == TOOL_NAME
    return tool.model_copy(update={"description": description}) if is_data else tool


def slide_agent(model: BaseChatModel, space: GenieSpace) -> SlideAgent:
    """Build the agent; it holds no conversation and may serve any number of turns at once."""
    middleware = [TellToolErrors(), TellAboutData(space)]
    return create_agent(model, [genie_tool(space)], middleware=middleware, name="slide_agent")
