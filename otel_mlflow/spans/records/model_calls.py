"""Which call a span is about, and who says so: the library that is called, the kind of call, the rank of the source.

A library goes by many names: MLflow's autologging names it in `mlflow.message.format`, the instrumentations of
OpenInference, Traceloop, OpenTelemetry and Logfire in the name of their scope, and its own scope is named anyhow.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from otel_mlflow import mlflow_names


class Rank(IntEnum):
    """Who is believed first about a call."""

    MLFLOW = 0
    OPENINFERENCE = 1
    INSTRUMENTATION = 2
    LIBRARY = 3


class ModelCall(NamedTuple):
    """A call of a model, an embedding, a tool or an agent, or a step of LangChain's."""

    family: str
    """The library that is called; empty where the span does not say it."""
    kind: str
    rank: Rank
    model: str = ""
    """Only of LiteLLM's calls, and of those of the client that they are made with."""

    def shows(self, other: ModelCall) -> bool:
        """Whether this is the same call, and whose span says it is believed before the other's."""
        if other.family == LITELLM and self.family == OPENAI:
            return (self.kind, self.model) == (other.kind, other.model)
        return (self.family, self.kind) == (other.family, other.kind) and self.rank < other.rank

    def is_made_with(self, client: ModelCall) -> bool:
        """Whether this is a framework's call, traced by MLflow's autologging, and that may be its client's."""
        is_framework_s = self.rank is Rank.MLFLOW and self.family not in CLIENTS
        return is_framework_s and self.kind == client.kind == "model" and self.family != client.family


LITELLM, OPENAI = "litellm", "openai"

LANGCHAIN = "langchain"

_SAME_UNDER_ANY_NAME = ("model", "embedding", "tool")
"""The kinds of LangChain's runs that are the same call whatever they are named."""

MESSAGE_FORMAT = "mlflow.message.format"

_MLFLOW_SCOPE = "mlflow."

_FORMATLESS = {"Embeddings": OPENAI, "AsyncEmbeddings": OPENAI}
"""The spans of MLflow's autologging that have no message format and are no tools, by name."""

_LITELLM_CALL = "litellm_call_id"
"""The attribute of the spans that LiteLLM's callback opens with MLflow's client."""

_MODEL = ("model", "llm.model_name", "gen_ai.request.model")
"""Where LiteLLM and MLflow's openai, OpenInference, and the others say which model was asked."""

_READ_BY_MLFLOW = {
    "gcp.vertex.agent": "google_adk",
    "strands.telemetry.tracer": "strands",
    "openinference.instrumentation.agno": "agno",
    "semantic_kernel.utils.telemetry.model_diagnostics.decorators": "semantic_kernel",
}
"""The scopes of frameworks' spans that MLflow's autologging, or its server, works with instead of opening its own."""

_INSTRUMENTATIONS = {
    "openinference.instrumentation.": Rank.OPENINFERENCE,
    "opentelemetry.instrumentation.": Rank.INSTRUMENTATION,
    "logfire.": Rank.INSTRUMENTATION,
}
"""How the scopes of instrumentations begin; the library's name follows."""

_LIBRARIES = {
    "com.anthropic.sdk.python": "anthropic",
    "anthropic": "anthropic",
    "openai": "openai",
    "pydantic-ai": "pydantic_ai",
    "litellm": "litellm",
    "google.genai": "google_genai",
    "mistralai": "mistral",
    "mistralai_sdk_tracer": "mistral",
    "groq": "groq",
}
"""The scopes of libraries that open spans of their own. Those whose spans MLflow's autologging works with are not here:
Haystack, and those in `_READ_BY_MLFLOW`."""

_FAMILIES = {
    "gemini": "google_genai",
    "google": "google_genai",
    "google_generativeai": "google_genai",
    "mistralai": "mistral",
    "botocore": "bedrock",
    "llamaindex": "llama_index",
    "openai_agent": "openai_agents",
    "openai_v2": "openai",
    "autogen_agentchat": "autogen",
}
"""Other names of a library."""

CLIENTS = frozenset({"openai", "anthropic", "google_genai", "mistral", "groq", "bedrock"})
"""The families that call a model themselves; the others are frameworks, which call one of these."""

LANGSMITH = "langsmith"
"""The scope of LangSmith's client in its OpenTelemetry mode: LangChain's own tracer, or what it is wrapped round."""

_LANGSMITH_WRAPS = "langsmith.metadata.ls_method"
"""The attribute of those spans that LangSmith's wrappers and decorator open, rather than LangChain."""

_LANGSMITH_KINDS = {"llm": "model", "embedding": "embedding", "tool": "tool"}
"""LangSmith's types of runs that are calls; the others are steps. Its operation names tell a prompt from no model."""

_KINDS = {
    mlflow_names.SPAN_TYPE: {
        "CHAT_MODEL": "model",
        "LLM": "model",
        "EMBEDDING": "embedding",
        "TOOL": "tool",
        "AGENT": "agent",
    },
    "openinference.span.kind": {"LLM": "model", "EMBEDDING": "embedding", "TOOL": "tool", "AGENT": "agent"},
    "gen_ai.operation.name": {
        "chat": "model",
        "text_completion": "model",
        "generate_content": "model",
        "embeddings": "embedding",
        "execute_tool": "tool",
        "invoke_agent": "agent",
    },
    "llm.request.type": {"chat": "model", "completion": "model", "embedding": "embedding"},
    "traceloop.span.kind": {"tool": "tool", "agent": "agent"},
}
"""The attributes that say what kind of call a span is about, and their values."""


def model_call(span: ReadableSpan, *, is_langchain: bool = False) -> ModelCall | None:
    """The call that a span is about; None for one that is about none, or comes from a scope that is not known."""
    source = _source(span)
    if source is None:
        return None
    family, rank = (LANGCHAIN, source[1]) if is_langchain else source
    kind = _kind(span)
    if family == LANGCHAIN and kind not in _SAME_UNDER_ANY_NAME:
        kind = _step(span.name)
    if kind is None:
        return None
    return ModelCall(family, kind, rank, _model(span) if family in (LITELLM, OPENAI) else "")


def may_be_told_twice(span: ReadableSpan) -> bool:
    """Whether either of the two below holds: for most spans neither does."""
    attributes, scope = span.attributes or {}, span.instrumentation_scope
    name = scope.name if scope is not None else ""
    if name in _READ_BY_MLFLOW or source_of(name) is not None:
        return True
    return MESSAGE_FORMAT in attributes or _LITELLM_CALL in attributes


def is_autologged(span: ReadableSpan) -> bool:
    """Whether MLflow's autologging has made the span, or works with it."""
    attributes, scope = span.attributes or {}, span.instrumentation_scope
    is_read = scope is not None and scope.name in _READ_BY_MLFLOW
    return MESSAGE_FORMAT in attributes or _LITELLM_CALL in attributes or is_read


def is_told_besides(span: ReadableSpan) -> bool:
    """Whether somebody tells of a call that another span may show: LiteLLM, or who is not MLflow."""
    scope = span.instrumentation_scope
    return (scope is not None and source_of(scope.name) is not None) or _LITELLM_CALL in (span.attributes or {})


def _model(span: ReadableSpan) -> str:
    attributes = span.attributes or {}
    return next((str(attributes[name]).strip('"') for name in _MODEL if name in attributes), "")


def _source(span: ReadableSpan) -> tuple[str, Rank] | None:
    scope = span.instrumentation_scope.name if span.instrumentation_scope is not None else ""
    if scope == LANGSMITH:
        return _langsmith_family(span.attributes or {}), Rank.INSTRUMENTATION
    if scope in _READ_BY_MLFLOW:
        return _READ_BY_MLFLOW[scope], Rank.MLFLOW
    if not scope.startswith(_MLFLOW_SCOPE):
        return source_of(scope)
    if _LITELLM_CALL in (span.attributes or {}):
        return LITELLM, Rank.MLFLOW
    named = (span.attributes or {}).get(MESSAGE_FORMAT) or _FORMATLESS.get(span.name, "")
    return family_named(str(named).strip('"')), Rank.MLFLOW


def _langsmith_family(attributes: Mapping[str, Any]) -> str:
    """Of what it is wrapped round, the provider; where it does not know that, it says LangChain."""
    if _LANGSMITH_WRAPS not in attributes:
        return LANGCHAIN
    provider = attributes.get("langsmith.metadata.ls_provider") or attributes.get("gen_ai.system", "")
    return family_named(str(provider)) if provider != LANGCHAIN else ""


def _step(name: str) -> str:
    """A step of a chain is known by the name of its runnable, to which Traceloop adds a word."""
    return (
        name.removeprefix("execute_task ").removeprefix("invoke_agent ").removesuffix(".workflow").removesuffix(".task")
    )


@lru_cache(1024)
def source_of(scope: str) -> tuple[str, Rank] | None:
    """The library that a scope is about and the rank of who writes there; None for MLflow's and unknown ones."""
    if scope == LANGSMITH:
        return "", Rank.INSTRUMENTATION
    for prefix, rank in _INSTRUMENTATIONS.items():
        if scope.startswith(prefix):
            return family_named(scope.removeprefix(prefix).split(".")[0]), rank
    return (_LIBRARIES[scope], Rank.LIBRARY) if scope in _LIBRARIES else None


def family_named(name: str) -> str:
    """The family of a library, by any of its names."""
    name = name.lower().replace("-", "_")
    return _FAMILIES.get(name, name)


def _kind(span: ReadableSpan) -> str | None:
    attributes = span.attributes or {}
    if span.instrumentation_scope is not None and span.instrumentation_scope.name == LANGSMITH:
        return _LANGSMITH_KINDS.get(str(attributes.get("langsmith.span.kind")))
    for name, kinds in _KINDS.items():
        if (found := kinds.get(str(attributes.get(name, "")).strip('"'))) is not None:
            return found
    return None
