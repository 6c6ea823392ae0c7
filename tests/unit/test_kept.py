"""Which requests are traced and kept, and that each is accounted for."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry import trace as trace_api

import otel_mlflow
from otel_mlflow import Settings, Tracing, TracingMiddleware, continued, current_trace
from otel_mlflow.guard import GUARD
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.export_state import AFTER_SPANS
from otel_mlflow.spans.records.trace_summary import SUMMARY_TAG, summary_from_tag
from otel_mlflow.spans.registry import open_traces
from otel_mlflow.spans.trace import MANY_SPANS, OpenTrace
from otel_mlflow.testing import CapturedTraces, capture
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.unit.apps import raw, span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.trees import drawn, shown


@pytest.mark.parametrize("path", ["/health", "/healthz/", "/metrics", "/docs", "/api/openapi.json"])
def test_excluded_requests_leave_nothing(traces: CapturedTraces, tracing: Tracing, path: str) -> None:
    """Neither a trace of their own nor one of what is opened in them; and no headers."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with span("work"), raw("query"):
            assert otel_mlflow.current_trace().id == ""
        await empty_answer(scope, receive, send)

    call = Call(TracingMiddleware(app, tracing=tracing), f"GET {path}").run()
    assert len(traces) == 0
    assert call.headers == {}


class Counting(MemoryDelivery):
    """What delivery is told of requests."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def put(self, trace: OpenTrace) -> None:
        """A trace, which stands for one request when it is put first."""
        self.counts["traced"] += trace.counted and not any(trace is waiting for waiting in self._waiting)
        super().put(trace)

    def count(self, outcome: str) -> None:
        """A request without a trace."""
        self.counts[outcome] += 1


@pytest.mark.parametrize(
    ("settings", "counts"),
    [
        ({}, {"traced": 3, "excluded": 1}),
        ({"sample_rate": 0.0}, {"traced": 1, "sampled_out": 2, "excluded": 1}),
        ({"sample_rate": 0.0, "keep_errors": False}, {"sampled_out": 3, "excluded": 1}),
        ({"sample_rate": 0.0, "keep_slower_than": 1e-9}, {"traced": 3, "excluded": 1}),
        ({"http_only_traces": "drop"}, {"traced": 2, "filtered": 1, "excluded": 1}),
        ({"excluded_urls": ["broken"]}, {"traced": 3, "excluded": 1}),
    ],
)
def test_every_request_is_accounted_for(fresh_process: None, settings: dict[str, Any], counts: dict[str, int]) -> None:
    """Requests are excluded, sampled out, filtered or traced: one that does nothing, one that works, one that fails."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/broken":
            raise ValueError
        if scope["path"] == "/work":
            with span("work"):
                pass
        await empty_answer(scope, receive, send)

    delivery = Counting()
    tracing = Tracing(Settings(tracing=settings))
    with BRIDGE.diverted_to(delivery):
        for path in ("/", "/work", "/broken", "/health"):
            with suppress(ValueError):
                Call(TracingMiddleware(app, tracing=tracing), f"GET {path}").run()
    tracing.shutdown()
    assert delivery.counts == counts
    assert len(delivery.traces()) == counts.get("traced", 0)


def test_a_request_of_many_spans_that_may_be_kept_for_its_error_is_kept_whole(fresh_process: None) -> None:
    """Nothing of it is handed over before it is known whether it is kept, and nothing is let go."""
    delivery, waiting = Counting(), []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for number in range(3 * MANY_SPANS):
            with raw(f"query {number % 3}"):
                pass
        (trace,) = open_traces()
        waiting.append(len(trace.export.finished))
        assert not delivery.traces()
        raise ValueError

    tracing = Tracing(Settings(tracing={"sample_rate": 0.0}))
    with BRIDGE.diverted_to(delivery), suppress(ValueError):
        Call(TracingMiddleware(app, tracing=tracing)).run()
    tracing.shutdown()
    (trace,) = delivery.traces()
    assert len({span.span_id for span in trace.data.spans}) == len(trace.data.spans) == 3 * MANY_SPANS + 1
    summary = summary_from_tag(trace.info.tags[SUMMARY_TAG])
    assert summary is not None
    assert summary.names["query 1"].calls == MANY_SPANS
    # What waits has been written down meanwhile: as objects they would bring on full garbage collections.
    assert waiting[0] < MANY_SPANS + AFTER_SPANS


def test_a_request_of_many_spans_that_is_not_kept_leaves_nothing(fresh_process: None) -> None:
    """What was written down of it meanwhile is let go, too."""
    delivery = Counting()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(2 * MANY_SPANS):
            with raw("query"):
                pass
        await empty_answer(scope, receive, send)

    tracing = Tracing(Settings(tracing={"sample_rate": 0.0}))
    with BRIDGE.diverted_to(delivery):
        Call(TracingMiddleware(app, tracing=tracing)).run()
    tracing.shutdown()
    assert delivery.counts == {"sampled_out": 1}
    assert not delivery.traces()


def test_a_request_in_which_something_follows_the_answer_is_not_filtered(fresh_process: None) -> None:
    """`http_only_traces: drop` waits until it is certain that nothing but HTTP happened."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await empty_answer(scope, receive, send)
        with span("afterwards"):
            pass

    tracing = Tracing(Settings(tracing={"http_only_traces": "drop"}))
    with capture() as traces:
        Call(TracingMiddleware(app, tracing=tracing)).run()
    tracing.shutdown()
    assert shown(traces) == drawn("GET > afterwards")


def test_a_request_that_orders_work_is_not_filtered(fresh_process: None) -> None:
    """The job that continues its trace, however late, needs it: `http_only_traces: drop` waits for no job."""
    carriers: list[dict[str, str]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        carriers.append(current_trace().carrier())
        await empty_answer(scope, receive, send)

    tracing = Tracing(Settings(tracing={"http_only_traces": "drop"}))
    with capture() as traces:
        Call(TracingMiddleware(app, tracing=tracing)).run()
        with continued(carriers[0], "job"):
            pass
    tracing.shutdown()
    assert shown(traces) == drawn("GET > job")


def test_nothing_is_wired_where_tracing_is_disabled(fresh_process: None) -> None:
    """`tracing.enabled: false`: as if we were not there."""
    tracing = Tracing(Settings(tracing={"enabled": False}))
    assert isinstance(trace_api.get_tracer_provider(), trace_api.ProxyTracerProvider)
    assert Call(TracingMiddleware(empty_answer, tracing=tracing)).run().headers == {}
    tracing.shutdown()


def test_a_failure_of_ours_leaves_the_request_alone(fresh_process: None, caplog: pytest.LogCaptureFixture) -> None:
    """The guard counts it; the application answers."""

    class Broken(MemoryDelivery):
        def put(self, trace: OpenTrace) -> None:
            raise OSError("our disk")

    GUARD.strict = False
    failures = GUARD.failures
    tracing = Tracing(Settings())
    with BRIDGE.diverted_to(Broken()):
        call = Call(TracingMiddleware(empty_answer, tracing=tracing)).run()
    tracing.shutdown()
    assert call.status == 200
    assert GUARD.failures > failures
