"""The public functions of MLflow's tracing, as the installed MLflow lists them."""

from __future__ import annotations

from collections.abc import Iterator

import mlflow
import mlflow.tracing
from mlflow.entities import LiveSpan

_OF_CLIENT = ("trace", "span", "assess")
"""What is in the name of a client's method that has to do with tracing."""

_BESIDES = ("set_active_model", "clear_active_model", "get_active_model_id", "flush_trace_async_logging")
"""Functions of other modules that decide what a trace says."""


def public_functions() -> set[str]:
    """Their names, each by where a user finds it."""
    return {*_of_mlflow(), *_of_tracing(), *_of_client(), *_of_spans()}


def _of_mlflow() -> Iterator[str]:
    for name in mlflow.__all__:
        module = str(getattr(getattr(mlflow, name, None), "__module__", ""))
        if module.startswith("mlflow.tracing") or name in _BESIDES:
            yield f"mlflow.{name}"


def _of_tracing() -> Iterator[str]:
    return (f"mlflow.tracing.{name}" for name in mlflow.tracing.__all__)


def _of_client() -> Iterator[str]:
    for name in vars(mlflow.MlflowClient):
        if not name.startswith("_") and any(part in name for part in _OF_CLIENT):
            yield f"MlflowClient.{name}"


def _of_spans() -> Iterator[str]:
    for name in dir(LiveSpan):
        if not name.startswith("_") and callable(getattr(LiveSpan, name)):
            yield f"LiveSpan.{name}"
