"""`MlflowSpanExporter`: the spans of any tracer provider as MLflow traces, however they come in."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import ReadableSpan, Span, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, TraceState

from otel_mlflow import MlflowSpanExporter, Settings
from otel_mlflow.errors import SettingsError
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import app_of
from tests.unit.asgi_calls import Call
from tests.unit.callers import KEY, signed
from tests.unit.conftest import Instrument
from tests.unit.trees import drawn, shown, spans_of

TRACER = TracerProvider().get_tracer("a.library", "1.0")
CALLER = SpanContext(7, 9, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


@pytest.fixture
def exporter(traces: CapturedTraces) -> Iterator[MlflowSpanExporter]:
    """An exporter, whose traces are captured."""
    exporter = MlflowSpanExporter(Settings(service_name="batch job", tracing={"caller_key": KEY}))
    yield exporter
    exporter.shutdown()


def span(name: str, parent: Span | SpanContext | None = None, *, tracer: Any = TRACER, **options: Any) -> Span:
    """A started span of somebody's own provider."""
    above = NonRecordingSpan(parent) if isinstance(parent, SpanContext) else parent
    context = trace_api.set_span_in_context(above if above is not None else trace_api.INVALID_SPAN)
    started = tracer.start_span(name, context=context, **options)
    assert isinstance(started, Span)
    return started


def export(exporter: SpanExporter, *batches: Iterable[Span]) -> None:
    """End the spans, and export them in batches."""
    for batch in batches:
        ended: list[ReadableSpan] = []
        for started in batch:
            started.end()
            ended.append(started._readable_span())
        assert exporter.export(ended) is SpanExportResult.SUCCESS


def test_a_provider_s_spans_become_a_trace(traces: CapturedTraces, exporter: MlflowSpanExporter) -> None:
    """With any span processor of OpenTelemetry's."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("a.library")
    with tracer.start_as_current_span("job"), tracer.start_as_current_span("query") as query:
        query.set_attribute("rows", 7)
    assert shown(traces) == drawn("job > query")
    assert spans_of(traces[0])["query"].attributes["rows"] == 7


def test_a_trace_has_all_that_one_of_a_request_has(traces: CapturedTraces, exporter: MlflowSpanExporter) -> None:
    """State, tags, who and what ran the process; and OpenTelemetry's own id."""
    root = span("job")
    root.set_status(trace_api.StatusCode.ERROR, "broken")
    export(exporter, [root])
    info = traces[0].info
    assert info.trace_id == f"tr-{root.get_span_context().trace_id:032x}"
    assert str(info.state.value) == "ERROR"
    assert {"service.name": "batch job", "mlflow.traceName": "job"}.items() <= info.tags.items()
    assert info.trace_metadata["mlflow.source.type"] == "LOCAL"


@pytest.mark.parametrize(
    ("method", "status"),
    [("http.request.method", "http.response.status_code"), ("http.method", "http.status_code")],
    ids=["stable names", "old names"],
)
def test_another_instrumentation_s_request_has_the_tags_of_a_request(
    traces: CapturedTraces, exporter: MlflowSpanExporter, method: str, status: str
) -> None:
    """So that it is found, and counted, as those are that came through the middleware."""
    said = {method: "GET", "http.route": "/a/{b}", status: 500}
    root = span("GET /a/{b}", kind=SpanKind.SERVER, attributes=said)
    root.set_status(trace_api.StatusCode.ERROR)
    export(exporter, [root])
    tags = traces[0].info.tags
    assert (tags["http.method"], tags["http.route"], tags["http.status_code"]) == ("GET", "/a/{b}", "500")
    assert tags["otel_mlflow.outcome"] == "error"


def test_a_job_has_no_tags_of_a_request(traces: CapturedTraces, exporter: MlflowSpanExporter) -> None:
    """Nor has a client's call, which has the attributes of one."""
    export(exporter, [span("GET", kind=SpanKind.CLIENT, attributes={"http.request.method": "GET"})])
    assert not {"http.method", "otel_mlflow.outcome"} & set(traces[0].info.tags)


def test_children_that_come_before_their_root_wait_for_it(traces: CapturedTraces, exporter: MlflowSpanExporter) -> None:
    """Over however many batches."""
    root = span("root")
    child = span("child", root)
    grandchild = span("grandchild", child)
    export(exporter, [grandchild], [child])
    assert len(traces) == 0
    export(exporter, [root])
    assert shown(traces) == drawn("root > child > grandchild")


def test_spans_that_come_after_their_root_follow(traces: CapturedTraces, exporter: MlflowSpanExporter) -> None:
    """In the same trace."""
    root = span("root")
    child = span("child", root)
    grandchild = span("grandchild", child)
    export(exporter, [root])
    assert shown(traces) == drawn("root")
    export(exporter, [child], [grandchild])
    assert shown(traces) == drawn("root > child > grandchild")


def test_a_late_span_waits_for_its_own_parent(traces: CapturedTraces, exporter: MlflowSpanExporter) -> None:
    """Which may come later still."""
    root = span("root")
    child = span("child", root)
    grandchild = span("grandchild", child)
    export(exporter, [root], [grandchild], [child])
    assert shown(traces) == drawn("root > child > grandchild")


def test_two_requests_of_one_opentelemetry_trace_are_two_traces(
    traces: CapturedTraces, exporter: MlflowSpanExporter
) -> None:
    """Each whole, in one batch or in several; a tag leads to the caller's."""
    one, other = span("one", CALLER, kind=SpanKind.SERVER), span("other", CALLER, kind=SpanKind.SERVER)
    export(exporter, [span("in other", other), span("in one", one), one, other])
    assert shown(traces) == drawn("one > in one", "other > in other")
    assert len({trace.info.trace_id for trace in traces}) == 2
    assert {trace.info.tags["otel.trace_id"] for trace in traces} == {f"{7:032x}"}


def test_a_request_of_a_caller_that_traces_into_mlflow_is_in_its_trace(
    traces: CapturedTraces, exporter: MlflowSpanExporter
) -> None:
    """Under its span."""
    state = TraceState.from_header([signed(f"{3:032x}-{4:016x}", experiment="batch job")])
    server = span("server", SpanContext(7, 9, True, TraceFlags(1), state))
    export(exporter, [span("work", server), server])
    (trace,) = traces
    assert trace.info.trace_id == f"tr-{3:032x}"
    assert spans_of(trace)["server"].parent_id == f"{4:016x}"


def test_a_caller_that_is_not_believed_gets_a_trace_of_its_own(
    traces: CapturedTraces, exporter: MlflowSpanExporter
) -> None:
    """Whatever it says of itself."""
    state = TraceState([("otelmlflow", f"{3:032x}-{4:016x}")])
    export(exporter, [span("server", SpanContext(7, 9, True, TraceFlags(1), state))])
    (trace,) = traces
    assert trace.info.trace_id != f"tr-{3:032x}"
    assert spans_of(trace)["server"].parent_id is None


def test_framework_spans_are_left_out(traces: CapturedTraces, exporter: MlflowSpanExporter) -> None:
    """As in requests of ours; the server span is the root, whoever made it."""
    framework = TracerProvider().get_tracer("opentelemetry.instrumentation.asgi")
    server = span("GET /", tracer=framework)
    receive = span("GET / http receive", server, tracer=framework)
    export(exporter, [span("work", receive), receive, server])
    assert shown(traces) == drawn("GET / > work")


def test_framework_spans_that_come_late_are_left_out_too(traces: CapturedTraces, exporter: MlflowSpanExporter) -> None:
    """A background task's, say, after the server span; what is below moves up to what was handed over before."""
    framework = TracerProvider().get_tracer("fastapi")
    server = span("GET /", tracer=framework)
    background = span("fastapi.background_task", server, tracer=framework)
    export(exporter, [server], [span("work", background)], [background])
    assert shown(traces) == drawn("GET / > work")


def test_what_still_waits_is_handed_over_at_shutdown(traces: CapturedTraces) -> None:
    """Its root never came: the process ends before it does."""
    exporter = MlflowSpanExporter(Settings())
    root = span("root")
    child = span("child", root)
    export(exporter, [span("grandchild", child), child], [span("other", root)])
    assert len(traces) == 0
    exporter.shutdown()
    assert shown(traces) == "(its parent is missing) child\n    grandchild\n(its parent is missing) other\n"


def test_settings_hold_for_exported_spans_too(traces: CapturedTraces) -> None:
    """Redaction, and what may leave at all."""
    exporter = MlflowSpanExporter(Settings(tracing={"capture_input_output": False}))
    root = span("root", attributes={"input.value": "what was said", "db.password": "hunter2", "rows": 7})
    export(exporter, [root])
    exporter.shutdown()
    attributes = traces[0].data.spans[0].attributes
    assert "input.value" not in attributes
    assert "hunter2" not in str(attributes)
    assert attributes["rows"] == 7


def test_what_mlflow_gets_already_is_not_exported_again(traces: CapturedTraces, instrument: Instrument) -> None:
    """On the provider that `instrument()` uses, the exporter has nothing to do."""
    provider = TracerProvider()
    exporter = MlflowSpanExporter(Settings())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_api.set_tracer_provider(provider)
    app = app_of(lambda: None, telemetry={"tracing": False})
    instrument(app)
    Call(app).run()
    exporter.shutdown()
    assert shown(traces) == drawn("GET /")


def test_settings_that_cannot_be_used_are_refused_at_once(fresh_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from the environment where none are given."""
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__SAMPLE_RATE", "7")
    with pytest.raises(SettingsError, match=r"tracing\.sample_rate"):
        MlflowSpanExporter()


def test_opentelemetry_finds_it_by_its_name() -> None:
    """`OTEL_TRACES_EXPORTER=mlflow opentelemetry-instrument …`."""
    (found,) = importlib.metadata.entry_points(group="opentelemetry_traces_exporter", name="mlflow")
    assert found.load() is MlflowSpanExporter


@given(st.lists(st.integers(0, 1000), max_size=12), st.randoms(use_true_random=False))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_spans_in_any_order_and_any_batches_make_the_same_tree(
    fresh_process: None, parents: list[int], chance: Any
) -> None:
    """Each span once, under its parent."""
    with capture() as traces:
        exporter = MlflowSpanExporter(Settings())
        spans = [span("0")]
        for number, parent in enumerate(parents, 1):
            spans.append(span(str(number), spans[parent % number]))
        expected = {str(number): str(parent % number) for number, parent in enumerate(parents, 1)}
        chance.shuffle(spans)
        while spans:
            size = chance.randint(1, 3)
            export(exporter, spans[:size])
            spans = spans[size:]
        exporter.shutdown()
        (trace,) = traces
        names = {found.span_id: found.name for found in trace.data.spans}
        assert len(trace.data.spans) == len(parents) + 1
        assert {found.name: names[found.parent_id] for found in trace.data.spans if found.parent_id} == expected
