"""MCP, from a client in the request to a server in the same process."""

from __future__ import annotations

import fastmcp
import mcp
from mcp.server.mcpserver import MCPServer
from typing_extensions import override

from tests.frameworks.framework import Framework
from tests.frameworks.tool import add


class FastMCP(Framework):
    """A tool of FastMCP's, which opens spans of its own: the client's and the server's."""

    tool_span = False

    def __init__(self) -> None:
        self.server = fastmcp.FastMCP("calculator")
        self.server.tool()(add)

    @override
    async def use_tool(self, prompt: str) -> str:
        async with fastmcp.Client(self.server) as client:
            return str((await client.call_tool("add", {"a": 1, "b": 2})).data)


class MCP(Framework):
    """A tool of the SDK's, which does so too."""

    tool_span = False

    def __init__(self) -> None:
        self.server = MCPServer("calculator")
        self.server.tool()(add)

    @override
    async def use_tool(self, prompt: str) -> str:
        async with mcp.Client(self.server) as client:
            return str(await client.call_tool("add", {"a": 1, "b": 2}))
