"""The client of model serving that Databricks makes: `ChatDatabricks`, of the extra `databricks-chat`."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import openai
from databricks_langchain import ChatDatabricks
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from app.agent.chat_client import ChatParameters, StreamChat
from app.agent.errors import IncompleteAnswerError, ModelError
from app.pool import DATA
from app.secrets import masked

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


@asynccontextmanager
async def connect(client: WorkspaceClient, parameters: ChatParameters) -> AsyncIterator[StreamChat]:
    """Make one for this answer, in a thread: that takes a while, and so may the credentials that it asks for itself."""
    chat, own_client = await DATA.run(_made, client, parameters)
    try:
        yield partial(_stream, chat)
    except openai.APIStatusError as error:
        raise httpx.HTTPStatusError("refused", request=error.request, response=error.response) from error
    except openai.APIConnectionError as error:
        cause = error.__cause__
        raise cause if isinstance(cause, httpx.HTTPError) else httpx.TransportError(str(error)) from error
    except openai.APIError as error:
        raise ModelError.failed_midway(masked(error.message)) from error
    finally:
        await own_client.close()


def _made(client: WorkspaceClient, parameters: ChatParameters) -> tuple[Any, Any]:
    client.config.authenticate()
    chat = ChatDatabricks(
        model=parameters.endpoint,
        workspace_client=client,
        temperature=parameters.temperature,
        max_tokens=parameters.max_tokens,
        timeout=parameters.timeout,
        # It would wait two minutes each time if the endpoint likes; ours end in time, and say why.
        max_retries=0,
    )
    return chat, chat.async_client


async def _stream(chat: Any, messages: list[BaseMessage], **kwargs: Any) -> AsyncGenerator[ChatGenerationChunk, None]:
    is_whole = False
    async with aclosing(chat._astream(messages, **kwargs)) as chunks:
        async for chunk in chunks:
            is_whole = is_whole or bool((chunk.generation_info or {}).get("finish_reason"))
            chunk.message.content = _parts(chunk.message.content)
            yield chunk
    # It does not tell whether `[DONE]` came.
    if not is_whole:
        raise IncompleteAnswerError.broke_off()


def _parts(content: str) -> Any:
    """Content that came as a list of parts, as some endpoints send it: ChatDatabricks makes JSON of it."""
    if not content.startswith('[{"type": "'):
        return content
    try:
        return json.loads(content)
    except ValueError:
        return content
