"""The client of model serving that needs nothing but httpx: OpenAI's format at the endpoint's own address."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from app.agent.chat_client import ChatParameters, StreamChat
from app.agent.errors import IncompleteAnswerError
from app.agent.openai_format import DONE, body_of, chunk_of, data_of
from app.pool import DATA

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_CONNECT_SECONDS = 10


@asynccontextmanager
async def connect(client: WorkspaceClient, parameters: ChatParameters) -> AsyncIterator[StreamChat]:
    """Connect under fresh credentials, put on each request as a header."""
    headers = await DATA.run(client.config.authenticate)
    timeout = httpx.Timeout(parameters.timeout, connect=min(_CONNECT_SECONDS, parameters.timeout))
    async with httpx.AsyncClient(base_url=str(client.config.host), headers=headers, timeout=timeout) as http:
        yield partial(_stream, http, parameters)


async def _stream(
    http: httpx.AsyncClient, parameters: ChatParameters, messages: list[BaseMessage], **kwargs: Any
) -> AsyncGenerator[ChatGenerationChunk, None]:
    chosen = {"temperature": parameters.temperature, "max_tokens": parameters.max_tokens}
    options = {name: value for name, value in {**chosen, **kwargs}.items() if value is not None}
    path = f"/serving-endpoints/{parameters.endpoint}/invocations"
    async with http.stream("POST", path, json=body_of(messages, **options)) as answer:
        if not answer.is_success:
            await answer.aread()
            raise httpx.HTTPStatusError("refused", request=answer.request, response=answer)
        async for line in answer.aiter_lines():
            if (data := data_of(line)) == DONE:
                return
            if data:
                yield ChatGenerationChunk(message=chunk_of(data))
    raise IncompleteAnswerError.broke_off()
