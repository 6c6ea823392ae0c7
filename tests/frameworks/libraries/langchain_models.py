"""LangChain with the models of OpenAI and Anthropic."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from typing_extensions import override

from tests.frameworks.libraries.langchain_agent import LangChain


class LangChainOpenAI(LangChain):
    """OpenAI's models."""

    def __init__(self) -> None:
        super().__init__(ChatOpenAI(model="gpt-4o-mini", max_retries=0, stream_usage=True))


class LangChainOverOpenAI(LangChainOpenAI):
    """The client below it is traced by MLflow, too."""

    flavours: Sequence[str] = ("langchain", "openai")


class LangChainAnthropic(LangChain):
    """Anthropic's models."""

    def __init__(self) -> None:
        super().__init__(ChatAnthropic(model_name="claude-sonnet-4-5", max_retries=0, timeout=None, stop=None))


class LangChainOpenInference(LangChainOpenAI):
    """Traced by OpenInference besides."""

    @override
    def prepare(self) -> None:
        from openinference.instrumentation.langchain import LangChainInstrumentor

        LangChainInstrumentor().instrument()


class LangChainTraceloop(LangChainOpenAI):
    """Traced by Traceloop besides."""

    @override
    def prepare(self) -> None:
        from opentelemetry.instrumentation.langchain import LangchainInstrumentor

        LangchainInstrumentor().instrument()


class LangChainLangSmith(LangChainOpenAI):
    """Traced by LangSmith besides, in its OpenTelemetry mode: by its own tracer, which LangChain has built in."""

    @override
    def prepare(self) -> None:
        import os

        os.environ.update(LANGSMITH_TRACING="true", LANGSMITH_OTEL_ENABLED="true", LANGSMITH_OTEL_ONLY="true")
