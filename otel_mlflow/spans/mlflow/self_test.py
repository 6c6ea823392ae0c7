"""A trace to try the bridge in, which nobody exports: the spans of MLflow's API and of LangChain have to arrive in it.

It is the trace of an owner that has a tracer provider of its own. So the application's exporters see no span of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import Context
from typing import TYPE_CHECKING

from opentelemetry.context import set_value
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import use_span

from otel_mlflow.guard import attempt
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.outside import CLAIMED, OUTSIDE
from otel_mlflow.spans.caller_key import CallerKey
from otel_mlflow.spans.ids import span_context
from otel_mlflow.spans.mlflow.last_trace import keeping_last_trace
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.provider import SharedTracerProvider
from otel_mlflow.spans.registry import register
from otel_mlflow.spans.trace import OpenTrace, SpanState, TraceIdentity

if TYPE_CHECKING:
    from otel_mlflow.delivery.records import TraceRecord
    from otel_mlflow.http.exchange import Exchange

NAME = "otel-mlflow self-test"
"""Of the spans, and their inputs."""

_NO_LIMITS = SpanLimits(
    max_span_attributes=SpanLimits.UNSET,
    max_attribute_length=SpanLimits.UNSET,
    max_span_attribute_length=SpanLimits.UNSET,
)
"""What the environment limits spans to (`OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`, …) says nothing about MLflow."""


class SelfTest:
    """Runs what makes a span, and compares what arrives."""

    def __init__(self, provider: SharedTracerProvider, processor: OpenTraceSpanProcessor) -> None:
        self._provider = provider
        self._processor = processor

    def failure(self, work: Callable[[], object], expected: Mapping[str, str]) -> str | None:
        """What is wrong with the one span that `work` is to make, else None; `expected` are attributes of it.

        None, too, where the application masks MLflow's spans (`mlflow.tracing.configure`): it would be shown this one.
        """
        config = INTEGRATIONS.module("mlflow_trace_info", "mlflow.tracing.config")
        if config is not None and config.get_config().span_processors:
            return None
        arrived = attempt(self._spans_of, work)
        if isinstance(arrived, Exception):
            return f"{type(arrived).__name__}: {arrived}"
        if arrived is None:
            return None
        if len(arrived) != 1:
            return f"of one span {len(arrived)} arrive in its trace"
        if arrived[0] is None:
            return "a span does not end"
        attributes = arrived[0].attributes or {}
        wrong = {key: attributes.get(key) for key, value in expected.items() if attributes.get(key) != value}
        return f"a span arrives with {wrong}, where {dict(expected)} is expected" if wrong else None

    def _spans_of(self, work: Callable[[], object]) -> list[ReadableSpan | None] | None:
        """The spans below the root, None for one that is open; no list where OpenTelemetry is switched off."""
        provider = TracerProvider(
            sampler=ALWAYS_ON, resource=Resource.get_empty(), shutdown_on_exit=False, span_limits=_NO_LIMITS
        )
        owner = _Nobody()
        with self._provider.naming(owner, provider), keeping_last_trace():
            # In an empty context: the span that is current here is the application's.
            return Context().run(self._run, work, provider, owner)

    def _run(
        self, work: Callable[[], object], provider: TracerProvider, owner: _Nobody
    ) -> list[ReadableSpan | None] | None:
        root = provider.get_tracer(NAME).start_span(NAME, context=set_value(OUTSIDE, CLAIMED))
        if not isinstance(root, Span):
            return None
        trace_id = span_context(root).trace_id
        trace = register(OpenTrace(owner, TraceIdentity(trace_id, trace_id)))
        state = self._processor.take(root, trace, None)
        try:
            with use_span(root):
                work()
            return [other.readable for other in trace.tree.spans.values() if other is not state]
        finally:
            trace.discard()
            root.end()


class _Nobody:
    """The owner of what is tried."""

    observer = None
    caller_key = CallerKey(None)
    longest_content = 0

    def experiments(self, exchange: Exchange | None) -> tuple[str, ...]:
        """None: nothing is written."""
        return ()

    def trace_url(self, trace_id: str) -> str:
        """It is stored nowhere."""
        return ""

    def enqueue(self, trace: OpenTrace) -> None:
        """Let it go."""

    def write_spans(self, trace: OpenTrace, spans: list[SpanState]) -> list[bytes]:
        """None is written."""
        return []

    def enqueue_written(self, record: TraceRecord) -> None:
        """Let it go."""

    def writes_quickly(self, state: SpanState) -> bool:
        """None is written."""
        return False

    def let_writer_in(self) -> None:
        """Nobody writes."""

    def samples(self, mlflow_trace_id_int: int) -> bool:
        """None is kept."""
        return False

    def nearest_exported(self, state: SpanState) -> SpanState:
        """Each is as good as exported."""
        return state

    def write(self, trace: OpenTrace, spans: list[SpanState], *, is_changed: bool) -> TraceRecord:
        """Never asked for: the trace is discarded before anything of it is released."""
        raise NotImplementedError
