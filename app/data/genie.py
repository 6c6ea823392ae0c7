"""The data tool: a question in plain words goes in, a message and the rows as CSV come out.

The contract is that of a Databricks Genie space, so that a real one can stand in its place.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Protocol

from langchain_core.tools import StructuredTool
from pydantic import BaseModel, Field

from app.data.bundled import answer_question
from app.data.conversation import Conversation, current_conversation
from app.data.errors import GenieError
from app.data.sql import UnknownMeasureError
from app.pool import DATA
from app.questions.measures import MEASURES

__all__ = ["TOOL_NAME", "EmbeddedSpace", "GenieAnswer", "GenieError", "GenieSpace", "genie_tool", "tool_name"]

TOOL_NAME = "query_genie_space"


@dataclass(frozen=True)
class GenieAnswer:
    """What a Genie space says: a sentence, and the rows as CSV; without rows it answered in words alone."""

    message: str
    rows: str = ""

    def as_json(self) -> str:
        """The form in which the model gets it."""
        return json.dumps({"message": self.message, "rows": self.rows})


class GenieSpace(Protocol):
    """Where questions about the data go."""

    @property
    def description(self) -> str:
        """What the model is told of it, as far as it is known without asking anybody."""
        ...

    def describe(self) -> str:
        """What it says of itself; this may wait for the network."""
        ...

    def ask(self, query: str, conversation: Conversation) -> GenieAnswer:
        """Answer one question, or raise `GenieError`. The first answer gives the conversation its id."""
        ...


class EmbeddedSpace:
    """The bundled, made-up sales data behind Genie's contract: every question becomes real SQL."""

    @property
    def description(self) -> str:
        """The measures."""
        return f"Query the company's sales data. Answers a message and rows as CSV. Measures: {_measures()}."

    def describe(self) -> str:
        """The same: it never changes."""
        return self.description

    def ask(self, query: str, conversation: Conversation) -> GenieAnswer:
        """Answer one question, or raise `GenieError` naming what the data do not hold."""
        conversation.id = conversation.id or f"embedded-{uuid.uuid4().hex}"
        try:
            return GenieAnswer(*answer_question(query))
        except UnknownMeasureError as error:
            raise GenieError(f"Cannot answer {query!r}: {error}. The data holds {_measures()}.") from error


class _Query(BaseModel):
    query: str = Field(description="one question in plain words, naming a measure and what to split it by")


def tool_name(space: str) -> str:
    """What the tool of the space with this name is called; of several each has one of its own."""
    return f"{TOOL_NAME}_{space}" if space else TOOL_NAME


def genie_tool(space: GenieSpace, name: str = "") -> StructuredTool:
    """The tool that the agent calls. What blocks in it waits in threads of its own."""

    def query_genie_space(query: str) -> str:
        return space.ask(query, current_conversation(name)).as_json()

    async def query_without_blocking(query: str) -> str:
        return await DATA.run(query_genie_space, query)

    return StructuredTool.from_function(
        query_genie_space,
        query_without_blocking,
        name=tool_name(name),
        description=space.description,
        args_schema=_Query,
    )


def _measures() -> str:
    return ", ".join(sorted(MEASURES))
