"""`mlflow.get_last_active_trace_id()`: the caller's own trace, however many requests are served at once.

MLflow keeps the id in a variable of the process, and beside it in a context variable, for which callers have to ask. A
request has a context of its own, so the latter is right in it whoever asks for the former.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import mlflow
import mlflow.tracing.fluent

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.current import current_span_state

mlflow_fluent: Any = mlflow.tracing.fluent
mlflow_module: Any = mlflow


class LastActiveTrace:
    """Ours in the place of MLflow's function, and back."""

    def __init__(self) -> None:
        self._before: Any = None

    def install(self) -> None:
        """Answer callers inside a request from their own context."""
        if not INTEGRATIONS.works("mlflow_last_trace"):
            return
        original = self._before = mlflow_fluent.get_last_active_trace_id

        def get_last_active_trace_id(thread_local: bool = False) -> str | None:
            in_trace = current_span_state() is not None
            found: str | None = original(thread_local=True) if in_trace else None
            return found or original(thread_local=thread_local)

        get_last_active_trace_id.__doc__ = original.__doc__
        mlflow_fluent.get_last_active_trace_id = get_last_active_trace_id
        mlflow_module.get_last_active_trace_id = get_last_active_trace_id

    def uninstall(self) -> None:
        """Give MLflow its function back."""
        if self._before is not None:
            mlflow_fluent.get_last_active_trace_id = self._before
            mlflow_module.get_last_active_trace_id = self._before
            self._before = None


@contextmanager
def keeping_last_trace() -> Generator[None, None, None]:
    """What callers outside of requests are told is afterwards what it was before."""
    is_kept = INTEGRATIONS.works("mlflow_last_trace")
    before = mlflow_fluent._LAST_ACTIVE_TRACE_ID_GLOBAL if is_kept else None
    try:
        yield
    finally:
        if is_kept:
            mlflow_fluent._LAST_ACTIVE_TRACE_ID_GLOBAL = before
