"""MLflow's warning that the experiment of a span which is not a root is ignored, where we follow it (`listener.py`)."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

import mlflow.tracing.provider

from otel_mlflow.backends.experiments import experiment_by_id
from otel_mlflow.spans.trace import OpenTrace

mlflow_provider: Any = mlflow.tracing.provider

_FOLLOWED: ContextVar[bool] = ContextVar("otel_mlflow_followed", default=False)
"""Whether the span that MLflow starts in this context has had its own experiment chosen for the request's trace."""

_IGNORED = "can only be used for root spans"
"""What MLflow warns of such a span, because there is one above it."""


def mark_followed(trace: OpenTrace, attribute: str) -> None:
    """Whether the trace goes where the attribute of a span says, which is not the trace's root."""
    _FOLLOWED.set(trace.experiment == experiment_by_id(attribute.strip('"')))


class ExperimentWarningFilter(logging.Filter):
    """Silences MLflow's warning that an experiment is ignored where it is not."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Called for what MLflow's provider logs."""
        if not _FOLLOWED.get() or _IGNORED not in str(record.msg):
            return True
        _FOLLOWED.set(False)
        return False

    def install(self) -> None:
        """Listen to MLflow's provider."""
        logging.getLogger(mlflow_provider.__name__).addFilter(self)

    def uninstall(self) -> None:
        """Leave its logger as it was."""
        logging.getLogger(mlflow_provider.__name__).removeFilter(self)
