"""A LangChain chat model on Databricks model serving: tool calling, streaming, the credentials of who asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, ClassVar

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from app.agent import serving_client
from app.agent.chat_client import ChatParameters, StreamChat
from app.agent.errors import ModelError
from app.agent.pieces import Pieces
from app.agent.retry import Retry
from app.agent.serving_errors import BUSY, refusal
from app.agent.toolcalling import ToolCallingModel
from app.pool import DATA
from app.secrets import masked
from app.workspace import Workspace

_WITH_USAGE = {"stream_options": {"include_usage": True}}


class ServingModel(ToolCallingModel):
    """The chat model behind one endpoint of a workspace. Raises `ModelError`.

    A turn that is cancelled closes the connection, which ends the endpoint's work too.
    """

    provider: ClassVar[str] = "databricks"

    endpoint: str
    workspace: Any
    connect: Any = serving_client.connect
    """A `Connect`: which client it is asked with. Everything else is the same for all."""
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float = 180.0
    """How many seconds may be between two pieces of an answer."""
    max_retries: int = 5
    """How many times an endpoint that is busy is asked again."""
    patience: float = 30.0
    """How many seconds in all may be waited for it."""

    @property
    def served_name(self) -> str:
        """The endpoint."""
        return self.endpoint

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages, stop, **kwargs))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, **kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with aclosing(self._pieces(messages, **kwargs)) as pieces:
            async for piece in pieces:
                chunk = ChatGenerationChunk(message=piece)
                if run_manager:
                    await run_manager.on_llm_new_token(piece.text, chunk=chunk)
                yield chunk

    async def _pieces(self, messages: list[BaseMessage], **kwargs: Any) -> AsyncGenerator[AIMessageChunk, None]:
        pieces = Pieces(self.served_name)
        async with self._errors_told(), aclosing(self._answer(messages, **kwargs)) as answer:
            async for chunk in answer:
                if piece := pieces.add(chunk):
                    yield piece
        yield pieces.last()

    async def _answer(self, messages: list[BaseMessage], **kwargs: Any) -> AsyncGenerator[ChatGenerationChunk, None]:
        """Ask until the endpoint is not busy, or would be so for longer than there is patience."""
        retry = Retry(self.patience, most=self.max_retries)
        while True:
            try:
                async with self._connected() as chat, aclosing(chat(messages, **_WITH_USAGE, **kwargs)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                    return
            except httpx.HTTPStatusError as refused:
                wanted = refused.response.headers.get("retry-after")
                pause = retry.pause(wanted) if refused.response.status_code in BUSY else None
                if pause is None:
                    raise
            await asyncio.sleep(pause)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[StreamChat]:
        """As whom is decided anew each time: the workspace's client is the person's whose turn it is, or the app's."""
        workspace: Workspace = self.workspace
        client = await DATA.run(workspace.client)
        parameters = ChatParameters(self.endpoint, self.temperature, self.max_tokens, self.timeout)
        async with self.connect(client, parameters) as chat:
            yield chat

    @asynccontextmanager
    async def _errors_told(self) -> AsyncIterator[None]:
        try:
            yield
        except httpx.HTTPStatusError as error:
            raise refusal(self.endpoint, error.response) from error
        except httpx.HTTPError as error:
            raise ModelError(f"the endpoint {self.endpoint!r} cannot be reached ({type(error).__name__}).") from error
        except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
            raise ModelError(f"the endpoint {self.endpoint!r} cannot be used: {masked(str(error))}") from error
