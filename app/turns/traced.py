"""What a turn says of itself in its trace, and in its MLflow run. Where nothing is traced, all of it does nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import mlflow
from opentelemetry import trace
from opentelemetry.trace import Span

import otel_mlflow

OUTCOME = "turn.outcome"


class TracedTurn:
    """The span that is current when the turn begins, and the trace that it is in."""

    def __init__(self, asked: Mapping[str, Any], params: Mapping[str, Any]) -> None:
        self._span: Span = trace.get_current_span()
        self._set("Inputs", asked)
        otel_mlflow.current_trace().log_params(params)

    def complete(self, outputs: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """It brought this."""
        self._set("Outputs", outputs)
        request = otel_mlflow.current_trace()
        request.set_tags({OUTCOME: "completed"})
        request.log_metrics(metrics)

    def _set(self, name: str, content: Mapping[str, Any]) -> None:
        # The names under which MLflow keeps what goes into a span and what comes out of it.
        self._span.set_attribute(f"mlflow.span{name}", json.dumps(content))


def cancelled() -> None:
    """The turn was ended from outside."""
    otel_mlflow.current_trace().set_tags({OUTCOME: "cancelled"})


def failed() -> None:
    """The turn came to nothing: its trace has failed, also where the answer had begun with 200 or 202 before."""
    request = otel_mlflow.current_trace()
    request.set_tags({OUTCOME: "error"})
    if request.id:
        mlflow.update_current_trace(state="ERROR")
