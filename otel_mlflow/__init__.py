"""Each HTTP request one OpenTelemetry span and one MLflow trace, and none of them silently lost.

Importing this package imports neither MLflow nor the Databricks SDK nor LangChain: the cost comes with `instrument()`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otel_mlflow.asgi.instrument import instrument, uninstrument
    from otel_mlflow.asgi.middleware import TracingMiddleware
    from otel_mlflow.carrier import continued
    from otel_mlflow.errors import TracingSetupError
    from otel_mlflow.exporter import MlflowSpanExporter
    from otel_mlflow.feedback import log_feedback
    from otel_mlflow.request import RequestTrace, current_trace
    from otel_mlflow.settings import Settings
    from otel_mlflow.tracing import Tracing

_HOMES = {
    "MlflowSpanExporter": "exporter",
    "RequestTrace": "request",
    "Settings": "settings",
    "Tracing": "tracing",
    "TracingMiddleware": "asgi.middleware",
    "TracingSetupError": "errors",
    "continued": "carrier",
    "current_trace": "request",
    "instrument": "asgi.instrument",
    "log_feedback": "feedback",
    "uninstrument": "asgi.instrument",
}

__all__ = [
    "MlflowSpanExporter",
    "RequestTrace",
    "Settings",
    "Tracing",
    "TracingMiddleware",
    "TracingSetupError",
    "continued",
    "current_trace",
    "instrument",
    "log_feedback",
    "uninstrument",
]


_ROOMS = ("ops", "testing")
"""Modules that are used by their own names: `otel_mlflow.ops.app`."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
