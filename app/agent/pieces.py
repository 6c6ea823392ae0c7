"""An answer's chunks, joined to pieces: each piece becomes an event on the model's span. Pure."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk

PIECE = 400
"""The characters that a piece has at least."""


class Pieces:
    """Text and calls go out in pieces; metadata and usage, as they stood last, with the last one.

    Some endpoints tell the usage so far with every chunk, and clients tell it once more at the end: LangChain would
    add all of that up.
    """

    def __init__(self, model: str) -> None:
        """`model` is named where the chunks name none."""
        self._piece = AIMessageChunk(content="")
        self._usage: UsageMetadata | None = None
        self._metadata: dict[str, Any] = {"model_name": model}

    def add(self, chunk: ChatGenerationChunk) -> AIMessageChunk | None:
        """The next piece, when there is enough of it."""
        message = chunk.message
        self._metadata |= {**(chunk.generation_info or {}), **message.response_metadata}
        if isinstance(message, AIMessageChunk):
            self._usage = message.usage_metadata or self._usage
            self._piece += AIMessageChunk(content=message.text, tool_call_chunks=message.tool_call_chunks)
        return self._next() if len(self._piece.text) >= PIECE else None

    def last(self) -> AIMessageChunk:
        """What is left when the answer has ended."""
        return self._next().model_copy(update={"usage_metadata": self._usage, "response_metadata": self._metadata})

    def _next(self) -> AIMessageChunk:
        piece, self._piece = self._piece, AIMessageChunk(content="")
        return piece
