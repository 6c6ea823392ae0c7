"""A LangChain chat model on Databricks model serving: tool calling, streaming, fresh credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from app.agent.errors import ModelError
from app.agent.openai_format import body_of, chunks_of, in_pieces, message_of
from app.workspace import Workspace

# Seconds to connect, and between two pieces of an answer.
_TIMEOUT = (10, 180)
_RETRY = Retry(
    total=3, status_forcelist=(429, 503), allowed_methods=None, backoff_factor=0.5, raise_on_status=False, read=0
)


class ServingModel(BaseChatModel):
    """The chat model behind one endpoint of a workspace. Raises `ModelError`."""

    endpoint: str
    workspace: Any

    @property
    def _llm_type(self) -> str:
        return "databricks-model-serving"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.endpoint}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(ls_provider="databricks", ls_model_name=self.endpoint, ls_model_type="chat")

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

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
