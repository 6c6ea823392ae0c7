"""Which other instrumentations trace the calls that MLflow's autologging traces: MLflow gets each once all the same."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from otel_mlflow.settings.environment import text_of
from otel_mlflow.spans.records.model_calls import LANGCHAIN, family_named, source_of

logger = logging.getLogger("otel_mlflow")

_BASE = "opentelemetry.instrumentation.instrumentor"
"""The module of the class that all of them derive from, OpenInference's and Traceloop's included."""

_LOGFIRE_MARK = "_is_instrumented_by_logfire"

_LANGSMITH_TRACING = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
_LANGSMITH_OTEL = ("LANGSMITH_OTEL_ENABLED", "LANGCHAIN_OTEL_ENABLED")
_TRUE = ("true", "1")
"""The environment variables that LangSmith's client looks at, and what switches its OpenTelemetry mode on."""


def log_other_instrumentations(flavours: Iterable[str]) -> None:
    """Say once, as tracing starts, what traces the same calls."""
    for flavour, others in other_instrumentations(flavours).items():
        logger.info(
            "calls of %s are traced by MLflow's autologging and by %s: MLflow gets one span for each call. To trace "
            "them once, take %r out of tracing.autolog, or do not enable the other.",
            flavour,
            " and ".join(others),
            flavour,
        )


def other_instrumentations(flavours: Iterable[str]) -> dict[str, list[str]]:
    """Flavour → who else traces the calls of its library: instrumentations by their modules, Logfire, LangSmith."""
    by_family = {family_named(flavour): flavour for flavour in flavours}
    found: dict[str, list[str]] = {}
    for instrumentor in sorted(_enabled(), key=_module):
        source = source_of(_module(instrumentor))
        flavour = by_family.get(source[0]) if source is not None else None
        if flavour is not None and not _is_mlflow_s(instrumentor, flavour):
            found.setdefault(flavour, []).append(_module(instrumentor))
    for flavour in filter(_is_traced_by_logfire, by_family.values()):
        found.setdefault(flavour, []).append("logfire")
    if LANGCHAIN in by_family and _langsmith_makes_spans():
        found.setdefault(by_family[LANGCHAIN], []).append("langsmith")
    return found


def has_instrumentation(flavour: str) -> bool:
    """Whether MLflow traces the flavour's library by an instrumentation that it has enabled, not by patches."""
    return any(_is_mlflow_s(instrumentor, flavour) for instrumentor in _enabled())


def _is_traced_by_logfire(library: str) -> bool:
    """Whether `logfire.instrument_…()` has left its mark on a client of the library."""
    # Not by `isinstance`: a proxy, such as OpenAI's, makes what it stands for when it is asked for its class.
    clients = [
        value for value in list(vars(sys.modules.get(library, object)).values()) if issubclass(type(value), type)
    ]
    return any(getattr(client, _LOGFIRE_MARK, False) is True for client in clients)


def _langsmith_makes_spans() -> bool:
    """Whether the environment has LangSmith trace, and by OpenTelemetry."""
    return any(text_of(name).lower() in _TRUE for name in _LANGSMITH_OTEL) and any(
        text_of(name).lower() == "true" for name in _LANGSMITH_TRACING
    )


def _enabled() -> list[object]:
    """None where the base is not imported: then nobody has enabled one."""
    base = getattr(sys.modules.get(_BASE), "BaseInstrumentor", None)
    instances = (vars(each).get("_instance") for each in _subclasses(base)) if base is not None else ()
    return [instance for instance in instances if getattr(instance, "is_instrumented_by_opentelemetry", False)]


def _is_mlflow_s(instrumentor: object, flavour: str) -> bool:
    """Whether MLflow's modules for the flavour hold it: who enables one keeps it, to disable it."""
    modules = [module for name, module in sys.modules.copy().items() if f"{name}.".startswith(f"mlflow.{flavour}.")]
    return any(value is instrumentor for module in modules for value in list(vars(module).values()))


def _module(instrumentor: object) -> str:
    return type(instrumentor).__module__


def _subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)
