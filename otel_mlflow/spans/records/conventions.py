"""Which attributes of a span hold content, and which a model's configuration, in the names of each convention.

Those of MLflow and its autologging, of OpenTelemetry (`gen_ai`, `http`, `db`, exceptions), of OpenInference, of
Traceloop, and of the others that MLflow translates. Where a convention is about models, a name counts as content
unless it is known to hold none, for conventions grow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from otel_mlflow.content import to_json

_OF_MODELS = re.compile(
    r"(?:gen_ai|llm|openinference|traceloop|ai|agent|tool|tool_call|input|output|retrieval|reranker|embedding|document"
    r"|message|prompt|langfuse|lmnr|lk|voltagent|claude_code|gemini_cli|gcp\.vertex\.agent)\..*"
)
_HARMLESS = re.compile(
    r".*\.(?:id|name|type|kind|model|model_name|provider|system|version|finish_reasons?|mime_type|operationId|top_k)"
    r"|.*\.(?:usage|token_count|cost|settings|model)\..*|gen_ai\.(?:request|token|embeddings)\..*"
    r"|llm\.(?:request|tools|invocation_parameters).*|gen_ai\.tool\.definitions|tool\.(?:description|parameters)"
)
_CONTENT = re.compile(
    r"mlflow\.(?:span(?:Inputs|Outputs)|chat\.messages|trace\.intermediate_outputs)|metadata|tags?(?:\.tags)?"
    r"|(?:.*[._])?(?:inputs?|outputs?|prompts?|completions?|messages?|content|contents|text|quer(?:y|ies)|questions?"
    r"|answers?|arguments|args|kwargs|results?|instructions?|documents?|statement|body|payload|transcript|stacktrace"
    r"|description|goal|backstory)"
    r"|url\.(?:full|path|query)|http\.(?:url|target)|db\.(?:query|operation)\.parameter\..*"
)
_STRUCTURED = ("{", "[")

_MODEL_CONFIG = re.compile(
    r"mlflow\.chat\.tools|invocation_params|options|model_dict|gen_ai\.request\.(?!model).*|ai\.settings\..*"
    r"|gen_ai\.tool\.(?:definitions|description)|tool\.(?:description|parameters|json_schema)|ai\.prompt\.tool.*"
    r"|llm\.invocation_parameters|llm\.tools(?:\..*)?|llm\.request\.(?!model).*|langfuse\.observation\.model\.parameters"
)
_PARAMETERS = re.compile(
    r"(?:ls_)?(?:temperature|top_?[pk]|max_.*tokens|stop(?:_sequences)?|seed|n|.*_penalty|logit_bias|(?:top_)?logprobs)"
    r"|tools?|tool_(?:choice|config)|toolConfig|functions?|function_call|parallel_tool_calls|response_format|text_format"
    r"|reasoning(?:_effort)?|thinking|verbosity|stream(?:_options)?|service_tier|extra_(?:body|headers|query)|config"
    r"|generation_?[cC]onfig|inference_?[cC]onfig|safety_settings|invocation_params|model_kwargs|options"
)
_MODEL_NAME = re.compile(r"_type|provider|(?:deployment_|request_)?(?:model|model_name|model_id|deployment)")
PARAMETERS_AS_JSON = ("invocation_params", "options", "model_dict", "llm.invocation_parameters")
"""Attributes in which a model's parameters are one JSON object."""

MODEL_TYPES = ("LLM", "CHAT_MODEL", "EMBEDDING")
"""MLflow's types of spans that call a model."""


@lru_cache(4096)
def is_content(key: str) -> bool:
    """Whether an attribute of this name holds what went in or came out."""
    if _OF_MODELS.fullmatch(key):
        return not _HARMLESS.fullmatch(key)
    return _CONTENT.fullmatch(key) is not None


def holds_content(key: str, value: Any) -> bool:
    """Whether an attribute holds what went in or came out.

    Autologging puts whatever it was given into attributes with names of its own. Such are known by being structured.
    """
    if is_content(key):
        return True
    is_structured = isinstance(value, str) and value.lstrip().startswith(_STRUCTURED)
    return is_structured and not (key.startswith("mlflow.") or is_model_config(key, of_model=False))


@lru_cache(4096)
def is_model_config(key: str, *, of_model: bool) -> bool:
    """Whether an attribute holds parameters of a model or schemas of its tools; `of_model`: on a span of a model."""
    return _MODEL_CONFIG.fullmatch(key) is not None or (of_model and _PARAMETERS.fullmatch(key) is not None)


def without_parameters(text: str) -> str:
    """Strip a model's parameters and tools from JSON that holds them beside what the model was asked."""
    return _filtered(text, lambda key: not _PARAMETERS.fullmatch(key))


def only_parameters(text: str) -> str:
    """Keep of a model's configuration what is known to be no content: a model may be configured with its answers."""
    return _filtered(text, lambda key: bool(_PARAMETERS.fullmatch(key) or _MODEL_NAME.fullmatch(key)))


def _filtered(text: str, stays: Callable[[str], bool]) -> str:
    try:
        said = json.loads(text)
    except ValueError:
        return text
    if not isinstance(said, dict):
        return text
    return to_json({key: value for key, value in said.items() if stays(key)})
