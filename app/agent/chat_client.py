"""What a client of model serving is to `ServingModel`: something that streams one answer, as LangChain's chunks."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


@dataclass(frozen=True)
class ChatParameters:
    """The endpoint, and how it is asked."""

    endpoint: str
    temperature: float | None
    max_tokens: int | None
    timeout: float


class StreamChat(Protocol):
    """Asks once, never again.

    Raises `httpx.HTTPStatusError` where it is refused, `httpx.HTTPError` where the connection fails, `ModelError` for
    a failure that is told in the stream, `IncompleteAnswerError` where the stream ends before the answer does.
    """

    def __call__(self, messages: list[BaseMessage], **kwargs: Any) -> AsyncGenerator[ChatGenerationChunk, None]:
        """The answer's chunks; the keywords are those of OpenAI's API."""


Connect = Callable[["WorkspaceClient", ChatParameters], AbstractAsyncContextManager[StreamChat]]
"""Makes a client for one answer, under the credentials of the workspace's client, and closes it."""
