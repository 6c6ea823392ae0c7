"""What a turn says of itself in its trace, and in its MLflow run. Where nothing is traced, all of it does nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import mlflow
from opentelemetry import trace
from opentelemetry.trace import Span

import otel_mlflow

OUTCOME = "turn.outcome"
TRACE_OUTCOME = "otel_mlflow.outcome"
"""The tag that says how a request ended; a turn goes on after its answer has begun, and knows better."""
_tracer = trace.get_tracer("app.turns")
# The names under which MLflow keeps a span's type and what goes in and comes out, each as JSON.
_TYPE, _INPUTS, _OUTPUTS = "mlflow.spanType", "mlflow.spanInputs", "mlflow.spanOutputs"


def set_type(span: Span, kind: str) -> None:
    """Say what kind of work the span is, in MLflow's words."""
    span.set_attribute(_TYPE, json.dumps(kind))


@contextmanager
def step(name: str, kind: str) -> Iterator[Span]:
    """A span of ours with its type."""
    with _tracer.start_as_current_span(name) as span:
        set_type(span, kind)
        yield span


class TracedTurn:
    """The span that is current when the turn begins, and the trace that it is in."""

    def __init__(self, message: str, max_slides: int, params: Mapping[str, Any]) -> None:
        self._span: Span = trace.get_current_span()
        set_type(self._span, "AGENT")
        self._span.set_attribute(_INPUTS, json.dumps({"message": message, "max_slides": max_slides}))
        otel_mlflow.current_trace().log_params(params)

    def complete(self, session_id: str, outputs: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        """It brought this: on its span, and in the trace in place of the HTTP answer."""
        self._span.set_attribute(_OUTPUTS, json.dumps(outputs))
        request = otel_mlflow.current_trace()
        request.set_outputs({"session_id": session_id, **outputs, **_message("assistant", outputs["answer"])})
        request.set_tags({OUTCOME: "completed"})
        request.log_metrics(metrics)


def outcome_tags(outcome: str) -> dict[str, str]:
    """How a turn came to nothing, and so its trace."""
    return {OUTCOME: outcome, TRACE_OUTCOME: outcome}


def ask(message: str, max_slides: int) -> None:
    """Show the question as what went into the trace: `messages` is what MLflow reads a conversation from."""
    asked = {"message": message, "max_slides": max_slides}
    otel_mlflow.current_trace().set_inputs({**asked, **_message("user", message)})


def cancelled(why: str) -> None:
    """The turn was ended from outside."""
    _come_to_nothing("cancelled", why)


def failed(why: str) -> None:
    """The turn came to nothing."""
    _come_to_nothing("error", why)


def _come_to_nothing(outcome: str, why: str) -> None:
    """Its trace has failed, also where the answer had begun with 200 or 202 before."""
    request = otel_mlflow.current_trace()
    if request.id:
        mlflow.update_current_trace(state="ERROR")
    request.set_tags(outcome_tags(outcome))
    request.set_outputs(_message("assistant", why))


def _message(role: str, content: str) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content}]}
