"""The trace of the request that is being served, from anywhere inside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import context as context_api

from otel_mlflow import mlflow_names
from otel_mlflow.content import to_json, to_jsonable
from otel_mlflow.guard import attempt, guarded
from otel_mlflow.spans.current import REQUEST_ROOT
from otel_mlflow.spans.propagation import W3C_PROPAGATOR
from otel_mlflow.spans.registry import keep_for_jobs
from otel_mlflow.spans.trace import OpenTrace, SpanState
from otel_mlflow.spans.user_values import INVALID, MAX_CONTENT, bounded_text, take_items

_AS_METADATA = {"session": mlflow_names.TRACE_SESSION, "user": mlflow_names.TRACE_USER}
"""What is metadata of the trace in MLflow's words."""


class RequestTrace:
    """The MLflow trace of one request. Outside a request, or where it is not traced, every method does nothing."""

    def __init__(self, trace: OpenTrace | None = None) -> None:
        self._trace = trace

    def __repr__(self) -> str:
        return f"RequestTrace({self.id!r})"

    @property
    def id(self) -> str:
        """MLflow's id of the trace, `tr-…`; empty where the request is not traced."""
        return self._trace.identity.mlflow_trace_id if self._trace is not None else ""

    @property
    def url(self) -> str:
        """Where the trace opens in the MLflow UI; empty as long as the experiment is not known."""
        return self._trace.owner.trace_url(self.id) if self._trace is not None else ""

    def set_session(self, session_id: str | None) -> None:
        """Put the trace into a session: a conversation, say. MLflow groups traces by it; None is none."""
        self._set("session", None if session_id is None else bounded_text(session_id))

    def set_user(self, user: str | None) -> None:
        """Say on whose behalf the request is served; None is nobody that is known."""
        self._set("user", None if user is None else bounded_text(user))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags to the trace; values become text."""
        self._update("tags", tags, bounded_text)

    def set_inputs(self, inputs: Any) -> None:
        """Show `inputs` as the trace's request, in place of the HTTP body. Taken as JSON now."""
        self._set("inputs", self._to_json(inputs))

    def set_outputs(self, outputs: Any) -> None:
        """Show `outputs` as the trace's response, in place of the HTTP body. Taken as JSON now."""
        self._set("outputs", self._to_json(outputs))

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Add params to the request's MLflow run (`runs.mode: request`); values become text."""
        self._update("params", params, bounded_text)

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Add metrics to the request's MLflow run (`runs.mode: request`); what is no number is named in a tag."""
        self._update("metrics", metrics, float)

    def carrier(self) -> dict[str, str]:
        """What `continued()` needs to go on in this trace, under the span that is current now, wherever that is.

        W3C trace context headers; they may be put on a queue or sent to another process.
        """
        carrier: dict[str, str] = {}
        if self._trace is not None:
            W3C_PROPAGATOR.inject(carrier)
            keep_for_jobs(self._trace)
        return carrier

    def _to_json(self, value: Any) -> str:
        """Any value as JSON, bounded in size and time; what JSON has no place for is named by its type."""
        longest = self._trace.owner.longest_content if self._trace is not None else 0
        return to_json(to_jsonable(value, max(MAX_CONTENT, longest)))

    @guarded
    def _set(self, name: str, value: str | None) -> None:
        if self._trace is not None:
            setattr(self._trace.metadata, name, value)
            if self._trace.info is not None:
                # What MLflow's functions have said of it is out of date.
                self._trace.info.trace_metadata.pop(_AS_METADATA.get(name), None)
            self._trace.mark_changed()

    @guarded
    def _update(self, name: str, values: Mapping[str, Any], convert: Callable[[Any], Any]) -> None:
        """Take what can be converted; of what cannot, a tag says why."""
        if self._trace is None:
            return
        kept = self._trace.tags if name == "tags" else getattr(self._trace.metadata, name)
        items = take_items(values)
        if items is None:
            self._trace.tags[INVALID] = f"{name}: expected a mapping, got {bounded_text(values)}"
            items = {}
        for key, value in items.items():
            converted = attempt(convert, value)
            if isinstance(converted, Exception):
                self._trace.tags[INVALID] = (
                    f"{name}: {bounded_text(key)} is {bounded_text(value)}: {bounded_text(converted)}"
                )
            else:
                kept[bounded_text(key)] = converted
        self._trace.mark_changed()


_NOT_TRACED = RequestTrace()


def current_trace() -> RequestTrace:
    """The trace of the request being served: in handlers, dependencies, tools, threads and background tasks."""
    root = context_api.get_value(REQUEST_ROOT)
    return RequestTrace(root.trace) if isinstance(root, SpanState) else _NOT_TRACED
