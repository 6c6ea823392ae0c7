"""What chat models of ours have in common: tools are offered in OpenAI's format, and traces name the model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool


class ToolCallingModel(BaseChatModel):
    """A chat model that finds the tools it may call among the keywords of a call, as `tools`."""

    provider: ClassVar[str]
    """Where the model is, in a word."""

    @property
    @abstractmethod
    def served_name(self) -> str:
        """The model, as traces name it."""

    @property
    def _llm_type(self) -> str:
        return self.provider

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.served_name}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return LangSmithParams(ls_provider=self.provider, ls_model_name=self.served_name, ls_model_type="chat")

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)
