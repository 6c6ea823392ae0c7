"""The slide agent: LangChain's `create_agent` over a chat model and the data tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolMessage
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from app.data.genie import GenieError, GenieSpace, genie_tool

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


def slide_agent(model: BaseChatModel, space: GenieSpace) -> SlideAgent:
    """Build the agent; it holds no conversation and may serve any number of turns at once."""
    return create_agent(model, [genie_tool(space)], middleware=[TellToolErrors()], name="slide_agent")
