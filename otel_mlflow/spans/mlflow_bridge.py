"""MLflow on the shared tracer provider. Everything private of MLflow that the spans lean on is in this file.

Tested with mlflow 3.8 to 3.17; `tests/unit/spans/test_mlflow_bridge.py` fails where one of these changes:

* `mlflow.tracing.provider.provider`, the object that hands out MLflow's tracer. Ours hands out tracers of the provider
  that OpenTelemetry uses, and survives `set_tracking_uri`, `set_experiment`, `set_destination` and `tracing.reset`,
  each of which would otherwise replace or forget the global tracer provider, or ask the backend on the caller's thread.
* `mlflow.tracing.provider._initialize_tracer_provider`, which would add MLflow's own processor and exporter.
* `mlflow.tracing.provider.detach_span_from_context`, which raises where spans are open when the bridge comes or goes.
* `mlflow.tracing.provider.MLFLOW_USE_DEFAULT_TRACER_PROVIDER`, read by each of its functions.
* `mlflow.tracing.trace_manager.InMemoryTraceManager`, where MLflow's fluent API looks for the spans and the trace.
  Ours answers from the traces being gathered, and makes MLflow's objects only when somebody asks for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import mlflow.tracing.fluent
import mlflow.tracing.provider
from google.protobuf.json_format import MessageToDict
from mlflow.entities import LiveSpan, TraceInfo, TraceLocation, TraceState
from mlflow.entities.span import _SpanAttributesRegistry
from mlflow.tracing import trace_manager as mlflow_traces
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import ReadableSpan
from typing_extensions import override

from otel_mlflow.spans.ids import new_trace_id
from otel_mlflow.spans.registry import find_open_trace, find_span_state
from otel_mlflow.spans.trace import OpenTrace, SpanState

mlflow_provider: Any = mlflow.tracing.provider
mlflow_fluent: Any = mlflow.tracing.fluent

TracerFor = Callable[[str], trace_api.Tracer]


class _Always:
    """In place of an environment variable of MLflow's: this value, whatever the environment says."""

    def __init__(self, value: bool) -> None:
        self._value = value

    def get(self) -> bool:
        return self._value


class _Done:
    """In place of MLflow's once-flag: the provider is there, there is nothing to set up and nothing to wait for."""

    _done = True

    def do_once(self, _function: Callable[[], object]) -> None:
        return None


class _SharedProvider:
    """In place of MLflow's provider wrapper: the provider that OpenTelemetry uses, for good."""

    def __init__(self, tracer_for: TracerFor) -> None:
        self._tracer_for = tracer_for
        self._none = trace_api.NoOpTracerProvider()
        self.disabled = False

    @property
    def once(self) -> _Done:
        return _Done()

    def get(self) -> trace_api.TracerProvider:
        return self._none if self.disabled else trace_api.get_tracer_provider()

    def set(self, tracer_provider: trace_api.TracerProvider) -> None:
        self.disabled = isinstance(tracer_provider, trace_api.NoOpTracerProvider)

    def get_or_init_tracer(self, module_name: str) -> trace_api.Tracer:
        return self._none.get_tracer(module_name) if self.disabled else self._tracer_for(module_name)

    def reset(self) -> None:
        self.disabled = False

    def initialize(self, disabled: bool = False) -> None:
        """In place of `_initialize_tracer_provider`: there is nothing to set up but whether MLflow traces at all."""
        self.disabled = disabled

    def _swap_raw(self, tracer_provider: trace_api.TracerProvider) -> trace_api.TracerProvider:
        before = self.get()
        self.set(tracer_provider)
        return before


class _Attributes(_SpanAttributesRegistry):
    """Remembers which attributes MLflow wrote, for it writes them as JSON, and other libraries do not."""

    def __init__(self, entry: SpanState, span: Any) -> None:
        super().__init__(span)
        self._json_keys = entry.json_keys = set(entry.json_keys)

    def set(self, key: str, value: Any) -> None:
        self._json_keys.add(key)
        super().set(key, value)


class _BridgedSpan(LiveSpan):
    """MLflow's view of a span being gathered, whoever started it. Made without writing anything to the span."""

    def __init__(self, entry: SpanState, span: Any) -> None:
        self._span = span
        self._attachments = {}
        self._attributes: Any = _Attributes(entry, span)
        self._links = []
        self._original_name = span.name


class _BridgedTrace(mlflow_traces._Trace):
    """MLflow's view of a trace being gathered."""


def live_span(entry: SpanState) -> LiveSpan | None:
    """MLflow's view of the span; None once the span was handed over."""
    live: LiveSpan | None = entry.live or (entry.holder() if entry.holder is not None else None)
    if live is None and entry.span is not None:
        live = _BridgedSpan(entry, entry.span)
        if entry.holder is None and _is_mlflow_s(entry.span):
            # MLflow gives it to whoever opens the span, who ends the span through it.
            entry.held_by(live)
        else:
            entry.live = live
    return live


def _is_mlflow_s(span: ReadableSpan) -> bool:
    scope = span.instrumentation_scope
    return scope is not None and scope.name.startswith("mlflow.")


def _trace_of(trace: OpenTrace) -> _BridgedTrace:
    """MLflow's view of the trace. What user code writes into it is read back when the trace is handed over."""
    if trace.info is None:
        trace.info = TraceInfo(
            trace_id=trace.identity.mlflow_trace_id,
            trace_location=TraceLocation.from_experiment_id("0"),
            request_time=0,
            state=TraceState.IN_PROGRESS,
            trace_metadata={},
            tags={},
        )
    live = {entry.span_id: span for entry in trace.tree.spans.values() if (span := live_span(entry)) is not None}
    return _BridgedTrace(trace.info, {f"{span_id:016x}": span for span_id, span in live.items()})


class BridgedTraceManager(mlflow_traces.InMemoryTraceManager):
    """Answers MLflow's fluent API from the traces being gathered."""

    @override
    def get_span_from_id(self, trace_id: str | None, span_id: str) -> LiveSpan | None:
        trace = _find(trace_id)
        if trace is None:
            return None if trace_id is None else super().get_span_from_id(trace_id, span_id)
        entry = find_span_state(trace.identity.mlflow_trace_id_int, int(span_id, 16))
        return live_span(entry) if entry is not None else None

    @override
    def get_root_span_id(self, trace_id: str) -> str | None:
        trace = _find(trace_id)
        if trace is None:
            return super().get_root_span_id(trace_id)
        return f"{trace.root.span_id:016x}" if trace.root is not None else None

    @override
    @contextmanager
    def get_trace(self, trace_id: Any) -> Generator[Any, None, None]:
        trace = _find(trace_id)
        if trace is None:
            with super().get_trace(trace_id) as other:
                yield other
            return
        yield _trace_of(trace)
        trace.mark_changed()

    @override
    def register_span(self, span: LiveSpan) -> None:
        if _find(span.trace_id) is None:
            super().register_span(span)

    @override
    def register_prompt(self, trace_id: str, prompt: Any) -> None:
        trace = _find(trace_id)
        if trace is not None:
            # Where MLflow looks for it; what it does there is done to the info that all views of the trace share.
            self._traces[trace_id] = _trace_of(trace)
        super().register_prompt(trace_id, prompt)
        if trace is not None:
            del self._traces[trace_id]
            trace.mark_changed()

    @override
    def set_trace_metadata(self, trace_id: str, key: str, value: str) -> None:
        with self.get_trace(trace_id) as trace:
            if trace is not None:
                trace.info.trace_metadata[key] = value


_TRACE_ID = re.compile(r"tr-([0-9a-f]{32})")


def _find(trace_id: str | None) -> OpenTrace | None:
    match = _TRACE_ID.fullmatch(trace_id or "")
    return find_open_trace(int(match[1], 16)) if match else None


def remember_last_trace(trace: OpenTrace) -> None:
    """Let `mlflow.get_last_active_trace_id()` answer with the trace that was finished last in this process."""
    mlflow_fluent._LAST_ACTIVE_TRACE_ID_GLOBAL = trace.identity.mlflow_trace_id


def take_assessments(trace: OpenTrace) -> list[bytes]:
    """What `mlflow.log_feedback` and the like have said of the trace while it was open, as requests to create it.

    MLflow keeps them in memory, to send them with the trace. Each gets an id here, so that sending it twice is once.
    """
    assessments: list[Any] = trace.info.assessments if trace.info is not None else []
    taken, assessments[:] = list(assessments), []
    for assessment in taken:
        assessment.trace_id = trace.identity.mlflow_trace_id
        assessment.assessment_id = assessment.assessment_id or f"a-{new_trace_id():032x}"
    protos = [MessageToDict(assessment.to_proto(), preserving_proto_field_name=True) for assessment in taken]
    return [json.dumps({"assessment": proto}).encode() for proto in protos]


_BEFORE: list[SimpleNamespace] = []


def install(tracer_for: TracerFor) -> None:
    """Put MLflow's tracing on the shared tracer provider. Does nothing the second time."""
    if _BEFORE:
        return
    _BEFORE.append(
        SimpleNamespace(
            provider=mlflow_provider.provider,
            initialize=mlflow_provider._initialize_tracer_provider,
            default_provider=mlflow_provider.MLFLOW_USE_DEFAULT_TRACER_PROVIDER,
            manager=mlflow_traces.InMemoryTraceManager._instance,
        )
    )
    shared = _SharedProvider(tracer_for)
    mlflow_provider.provider = shared
    mlflow_provider._initialize_tracer_provider = shared.initialize
    mlflow_provider.MLFLOW_USE_DEFAULT_TRACER_PROVIDER = _Always(False)
    mlflow_provider.detach_span_from_context = _leave_span
    manager: Any = BridgedTraceManager
    mlflow_traces.InMemoryTraceManager._instance = manager()


def _leave_span(token: Any) -> None:
    """In place of `detach_span_from_context`, which takes tokens of the mode that MLflow is in at the time only.

    A span may be entered before the bridge is there and left after, or the other way round, and in another context than
    it was entered in, where there is nothing to take back. This one therefore stays when the bridge goes.
    """
    for part in reversed(token if isinstance(token, tuple) else (token,)):
        if part is not None:
            with suppress(ValueError):
                part.var.reset(part)


def uninstall() -> None:
    """Put MLflow's own objects back."""
    if _BEFORE:
        before = _BEFORE.pop()
        mlflow_provider.provider = before.provider
        mlflow_provider._initialize_tracer_provider = before.initialize
        mlflow_provider.MLFLOW_USE_DEFAULT_TRACER_PROVIDER = before.default_provider
        mlflow_traces.InMemoryTraceManager._instance = before.manager
