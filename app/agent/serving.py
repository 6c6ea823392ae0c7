"""A LangChain chat model on Databricks model serving: tool calling, streaming, fresh credentials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from app.agent.errors import ModelError
from app.agent.openai_format import StreamedAnswer, body_of, message_of
from app.agent.retry import Retry
from app.agent.toolcalling import ToolCallingModel
from app.pool import DATA
from app.secrets import masked
from app.workspace import Workspace

# Seconds to connect, and between two pieces of an answer.
_TIMEOUT = httpx.Timeout(180, connect=10)
_BUSY = (429, 503)


class ServingModel(ToolCallingModel):
    """The chat model behind one endpoint of a workspace. Raises `ModelError`.

    A turn that is cancelled closes the connection, which ends the endpoint's work too.
    """

    provider: ClassVar[str] = "databricks"

    endpoint: str
    workspace: Any
    max_tokens: int | None = None
    patience: float = 30.0
    """How many seconds in all may be waited for an endpoint that is busy."""

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
        async with self._asked(body_of(messages, kwargs.get("tools", []), stream=False)) as answer:
            await answer.aread()
            return ChatResult(generations=[ChatGeneration(message=message_of(answer.json()))])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with self._asked(body_of(messages, kwargs.get("tools", []), stream=True)) as answer:
            async for piece in _pieces(answer):
                chunk = ChatGenerationChunk(message=piece)
                if run_manager:
                    await run_manager.on_llm_new_token(piece.text, chunk=chunk)
                yield chunk

    @asynccontextmanager
    async def _asked(self, body: dict[str, Any]) -> AsyncIterator[httpx.Response]:
        limit = {"max_tokens": self.max_tokens} if self.max_tokens else {}
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT) as http:
                answer = await self._send(http, {**body, **limit})
                try:
                    yield answer
                finally:
                    await answer.aclose()
        except httpx.HTTPError as error:
            raise ModelError(f"the endpoint {self.endpoint!r} cannot be reached ({type(error).__name__}).") from error
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ModelError(f"the endpoint {self.endpoint!r} cannot be used: {masked(str(error))}") from error

    async def _send(self, http: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        """Ask until the endpoint is not busy, or would be so for longer than there is patience."""
        retry = Retry(self.patience)
        while True:
            host, headers = await DATA.run(self._credentials)
            url = f"{host}/serving-endpoints/{self.endpoint}/invocations"
            answer = await http.send(http.build_request("POST", url, json=body, headers=headers), stream=True)
            if answer.is_success:
                return answer
            pause = retry.pause(answer.headers.get("retry-after")) if answer.status_code in _BUSY else None
            if pause is None:
                raise await self._refusal(answer)
            await answer.aclose()
            await asyncio.sleep(pause)

    def _credentials(self) -> tuple[str, dict[str, str]]:
        workspace: Workspace = self.workspace
        config = workspace.client().config
        return str(config.host), config.authenticate()

    async def _refusal(self, answer: httpx.Response) -> ModelError:
        await answer.aread()
        await answer.aclose()
        return ModelError(f"the endpoint {self.endpoint!r} answered {answer.status_code}: {_reason(answer)}")


async def _pieces(answer: httpx.Response) -> AsyncIterator[AIMessageChunk]:
    streamed = StreamedAnswer()
    async for line in answer.aiter_lines():
        if piece := streamed.take(line):
            yield piece
    if last := streamed.last():
        yield last


def _reason(answer: httpx.Response) -> str:
    """What to do. Of the endpoint's own words only those about the question: others may quote credentials."""
    status = answer.status_code
    if status in (401, 403):
        return "the credentials may not use it."
    if status == 404:
        return "there is none of that name. See databricks.serving_endpoint in config/app.yaml."
    if status in _BUSY:
        asked = answer.headers.get("retry-after", "")
        return f"it is busy{f', and asks to wait {asked[:20]} s' if asked else ''}. Try again later."
    return _own_words(answer) if status == 400 else "it has failed. Try again later."


def _own_words(answer: httpx.Response) -> str:
    try:
        said = answer.json()
    except ValueError:
        return "it refused the question."
    told = said.get("message") or said.get("error") if isinstance(said, dict) else ""
    return masked(str(told)) or "it refused the question."
