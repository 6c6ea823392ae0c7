"""The trace of the request that is being served, from anywhere inside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api

from otel_mlflow.content import to_json
from otel_mlflow.guard import guarded

if TYPE_CHECKING:
    from otel_mlflow.spans.trace import OpenTrace

_CURRENT = context_api.create_key("otel-mlflow-request")


class RequestTrace:
    """The MLflow trace of one request. Outside a request, or where it is not traced, every method does nothing."""

    def __init__(self, trace: OpenTrace | None = None, url_of: Callable[[str], str] | None = None) -> None:
        self._trace = trace
        self._url_of = url_of

    def __repr__(self) -> str:
        return f"RequestTrace({self.id!r})"

    @property
    def id(self) -> str:
        """MLflow's id of the trace, `tr-…`; empty where the request is not traced."""
        return self._trace.identity.mlflow_trace_id if self._trace is not None else ""

    @property
    def url(self) -> str:
        """Where the trace opens in the MLflow UI; empty as long as the experiment is not known."""
        return self._url_of(self.id) if self._url_of is not None and self._trace is not None else ""

    def set_session(self, session_id: str) -> None:
        """Put the trace into a session: a conversation, say. MLflow groups traces by it."""
        self._set("session", str(session_id))

    def set_user(self, user: str) -> None:
        """Say on whose behalf the request is served."""
        self._set("user", str(user))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags to the trace; values become text."""
        self._update("tags", {str(key): str(value) for key, value in tags.items()})

    def set_inputs(self, inputs: Any) -> None:
        """Show `inputs` as the trace's request, in place of the HTTP body. Taken as JSON now."""
        self._set_content("inputs", inputs)

    def set_outputs(self, outputs: Any) -> None:
        """Show `outputs` as the trace's response, in place of the HTTP body. Taken as JSON now."""
        self._set_content("outputs", outputs)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Add params to the request's MLflow run (`runs.mode: request`); values become text."""
        self._update("params", {str(key): str(value) for key, value in params.items()})

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Add metrics to the request's MLflow run (`runs.mode: request`)."""
        self._update("metrics", {str(key): float(value) for key, value in metrics.items()})

    def carrier(self) -> dict[str, str]:
        """What `continued()` needs to go on in this trace, under the span that is current now, wherever that is.

        W3C trace context headers; they may be put on a queue or sent to another process.
        """
        from otel_mlflow.spans.propagation import W3C_PROPAGATOR

        carrier: dict[str, str] = {}
        if self._trace is not None:
            W3C_PROPAGATOR.inject(carrier)
        return carrier

    @guarded
    def _set_content(self, name: str, value: Any) -> None:
        if self._trace is not None:
            self._set(name, _as_json(value))

    def _set(self, name: str, value: str) -> None:
        if self._trace is not None:
            setattr(self._trace.metadata, name, value)
            self._trace.mark_changed()

    def _update(self, name: str, values: dict[str, Any]) -> None:
        if self._trace is not None:
            getattr(self._trace.metadata, name).update(values)
            self._trace.mark_changed()


def _as_json(value: Any) -> str:
    try:
        return to_json(value)
    except (TypeError, ValueError, RecursionError):
        # Keys that are no texts, a cycle, or too deep: shown as Python shows it.
        return to_json(repr(value))


_NOT_TRACED = RequestTrace()


def current_trace() -> RequestTrace:
    """The trace of the request being served: in handlers, dependencies, tools, threads and background tasks."""
    current = context_api.get_value(_CURRENT)
    return current if isinstance(current, RequestTrace) else _NOT_TRACED


def with_request(request: RequestTrace, context: context_api.Context | None = None) -> context_api.Context:
    """A context in which `current_trace()` is `request`, and which its root is current in where no span is."""
    from otel_mlflow.spans.current import REQUEST_ROOT

    context = context_api.set_value(_CURRENT, request, context)
    trace = request._trace
    return context_api.set_value(REQUEST_ROOT, trace.root, context) if trace is not None else context
