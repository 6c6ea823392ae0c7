"""A LangChain chat model on Databricks model serving: tool calling, streaming, fresh credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import requests
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from app.agent.errors import ModelError
from app.agent.openai_format import body_of, chunks_of, in_pieces, message_of
from app.agent.toolcalling import ToolCallingModel
from app.workspace import Workspace

# Seconds to connect, and between two pieces of an answer.
_TIMEOUT = (10, 180)
_RETRY = Retry(
    total=3, status_forcelist=(429, 503), allowed_methods=None, backoff_factor=0.5, raise_on_status=False, read=0
)


class ServingModel(ToolCallingModel):
    """The chat model behind one endpoint of a workspace. Raises `ModelError`."""

    provider: ClassVar[str] = "databricks"

    endpoint: str
    workspace: Any

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
        with self._asked(body_of(messages, kwargs.get("tools", []), stream=False)) as answer:
            return ChatResult(generations=[ChatGeneration(message=message_of(answer.json()))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with self._asked(body_of(messages, kwargs.get("tools", []), stream=True)) as answer:
            answer.encoding = "utf-8"
            for piece in in_pieces(chunks_of(answer.iter_lines(chunk_size=None, decode_unicode=True))):
                chunk = ChatGenerationChunk(message=piece)
                if run_manager:
                    run_manager.on_llm_new_token(piece.text, chunk=chunk)
                yield chunk

    @contextmanager
    def _asked(self, body: dict[str, Any]) -> Iterator[requests.Response]:
        workspace: Workspace = self.workspace
        try:
            config = workspace.client().config
            url = f"{config.host}/serving-endpoints/{self.endpoint}/invocations"
            with _connections() as http:
                asked = http.post(
                    url, json=body, headers=config.authenticate(), stream=bool(body.get("stream")), timeout=_TIMEOUT
                )
                self._require_answer(asked)
                yield asked
        except requests.RequestException as error:
            raise ModelError(f"the endpoint {self.endpoint!r} cannot be reached ({type(error).__name__}).") from error
        except (KeyError, ValueError) as error:
            raise ModelError(f"the endpoint {self.endpoint!r} cannot be used: {error}") from error

    def _require_answer(self, answer: requests.Response) -> None:
        if not answer.ok:
            raise ModelError(
                f"the endpoint {self.endpoint!r} answered {answer.status_code}: {answer.text[:300]}"
                " See databricks.serving_endpoint in config/app.yaml."
            )


def _connections() -> requests.Session:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=_RETRY))
    return session
