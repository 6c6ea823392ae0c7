"""The experiment that user code chooses by MLflow's API: `set_destination`, `trace_destination`, `experiment_id`.

In a request, a span that MLflow alone would take for a root has the request's span above it. A trace has one
experiment: the first such span that names one decides about the request's trace. A trace that began in another process
stays where that one has it.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

import mlflow.tracing.provider

from otel_mlflow import mlflow_names
from otel_mlflow.backends.experiments import experiment_by_id
from otel_mlflow.spans.trace import OpenTrace, SpanState

mlflow_provider: Any = mlflow.tracing.provider

_FOLLOWED: ContextVar[bool] = ContextVar("otel_mlflow_followed", default=False)
"""Whether the span that MLflow starts in this context has had its own experiment chosen for the request's trace."""

_IGNORED = "can only be used for root spans"
"""What MLflow warns of such a span, because there is one above it."""


def note_destination(state: SpanState) -> None:
    """Take note of the experiment that a root span of MLflow's names, or the one that is set for this context."""
    destination = getattr(mlflow_provider._MLFLOW_TRACE_USER_DESTINATION.get(), "experiment_id", None)
    experiment_id = (_own(state) if state.from_mlflow else None) or destination
    if experiment_id and state.trace.experiment is None and not state.trace.fragment:
        state.trace.experiment = experiment_by_id(str(experiment_id))


def mark_followed(trace: OpenTrace, attribute: str) -> None:
    """Whether the trace goes where the attribute of a span says, which is not the trace's root."""
    _FOLLOWED.set(trace.experiment == experiment_by_id(attribute.strip('"')))


def _own(state: SpanState) -> str | None:
    if state.span is None:
        return None
    own = (state.span.attributes or {}).get(mlflow_names.EXPERIMENT_ID)
    return own.strip('"') if isinstance(own, str) else None


class FollowedDestinations(logging.Filter):
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
