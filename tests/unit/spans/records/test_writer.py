"""A finished trace written down: what is said of it as a whole, and where each span hangs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from fastapi import BackgroundTasks
from mlflow.entities import SpanStatusCode, TraceState
from opentelemetry import trace as trace_api
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import otel_mlflow
from otel_mlflow.delivery.destinations.otlp import spans_in as spans_of_requests
from otel_mlflow.delivery.experiment_choice import REJECTED_TAG
from otel_mlflow.delivery.records import TraceRecord
from otel_mlflow.guard import GUARD
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.records.trace_info import MAX_TAG_KEY, MAX_TAG_VALUE
from otel_mlflow.spans.records.writer import LEFT_OUT, TraceWriter
from otel_mlflow.testing import CapturedTraces
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.spans.test_trace import start, state_of
from tests.unit.trees import drawn, shown, spans_of


def served(instrument: Instrument, handler: Callable[..., Any], request: str = "GET /", **settings: Any) -> Call:
    """Make one request to an instrumented application with this handler."""
    app = app_of(handler)
    instrument(app, **settings)
    return Call(app, request).run()


def record_of(*names: str) -> TraceRecord:
    """A record of a root and spans below it."""
    with BRIDGE.diverted_to(MemoryDelivery()):
        root = start("root")
        for name in names:
            start(name, root).end()
        root.end()
        return state_of(root).trace.encode()


def test_a_record_says_which_trace_it_is(traces: CapturedTraces) -> None:
    """MLflow's id, the spans as one OTLP request, the info as JSON."""
    record = record_of("child")
    request = ExportTraceServiceRequest.FromString(record.spans)
    spans = [found for part in request.resource_spans for scope in part.scope_spans for found in scope.spans]
    assert record.trace_id.startswith("tr-")
    assert {found.trace_id.hex() for found in spans} == {record.trace_id.removeprefix("tr-")}
    assert sorted(found.name for found in spans) == ["child", "root"]
    assert json.loads(record.info)["tags"]["mlflow.traceName"] == "root"


def test_a_trace_outside_requests_is_not_counted_as_one(traces: CapturedTraces) -> None:
    """Nor has it an experiment of its own."""
    record = record_of()
    assert (record.counted, record.experiment) == (False, None)


def test_info_has_the_fields_that_otlp_does_not_carry(traces: CapturedTraces) -> None:
    """And no others: the destination adds where the trace is."""
    assert set(json.loads(record_of().info)) == {
        "client_request_id",
        "request_time_ms",
        "execution_duration_ms",
        "state",
        "request_preview",
        "response_preview",
        "trace_metadata",
        "tags",
        "needs_request",
    }


def test_times_are_the_root_s(traces: CapturedTraces) -> None:
    """In milliseconds, as MLflow has them."""
    tracer = trace_api.get_tracer("a.library")
    tracer.start_span("root", start_time=1_700_000_000_000_000_000).end(1_700_000_001_500_000_000)
    assert traces[0].info.request_time == 1_700_000_000_000
    assert traces[0].info.execution_duration == 1_500


def test_work_that_outlives_the_root_counts(traces: CapturedTraces) -> None:
    """A trace lasts from the root's start to the end of its last span, however late that comes."""
    tracer, start = trace_api.get_tracer("a.library"), 1_700_000_000_000_000_000
    root = tracer.start_span("root", start_time=start)
    job = tracer.start_span("job", context=trace_api.set_span_in_context(root), start_time=start)
    root.end(start + 100_000_000)
    assert traces[0].info.execution_duration == 100
    job.set_attribute("gen_ai.usage.input_tokens", 1)
    job.end(start + 4_500_000_000)
    trace = traces[0]
    assert (trace.info.request_time, trace.info.execution_duration) == (start // 1_000_000, 4_500)


@pytest.mark.parametrize(("code", "state"), [("OK", TraceState.OK), ("ERROR", TraceState.ERROR)])
def test_the_state_is_the_root_s(traces: CapturedTraces, code: str, state: TraceState) -> None:
    """Whatever the others' are."""
    with span("root") as root:
        with span("child") as child:
            child.set_status("OK" if code == "ERROR" else "ERROR")
        root.set_status(code)
    assert traces[0].info.state == state


def test_a_trace_is_never_left_in_progress(traces: CapturedTraces) -> None:
    """A root without a status, as OpenTelemetry leaves them, is all right."""
    start("root").end()
    assert traces[0].info.state == TraceState.OK


def test_the_tags_of_a_request(traces: CapturedTraces, instrument: Instrument) -> None:
    """CONTRACT section 3, with the default tags and the user's."""

    def handler() -> None:
        otel_mlflow.current_trace().set_tags({"mine": 1})

    served(instrument, handler, service_name="shop", default_tags={"team": "a"})
    tags = traces[0].info.tags
    expected = {
        "http.route": "/",
        "http.method": "GET",
        "http.status_code": "200",
        "service.name": "shop",
        "otel_mlflow.outcome": "ok",
        "mlflow.traceName": "GET /",
        "team": "a",
        "mine": "1",
    }
    assert expected.items() <= tags.items()
    assert tags["otel.trace_id"] == traces[0].info.trace_id.removeprefix("tr-")


def test_user_code_s_tags_come_before_the_request_s(traces: CapturedTraces, instrument: Instrument) -> None:
    """Their word counts, MLflow's fluent API before ours."""

    def handler() -> None:
        otel_mlflow.current_trace().set_tags({"service.name": "theirs", "http.method": "ASK"})
        mlflow.update_current_trace(tags={"http.method": "TELL"})

    served(instrument, handler)
    assert (traces[0].info.tags["service.name"], traces[0].info.tags["http.method"]) == ("theirs", "TELL")


def test_tags_are_cut_to_what_mlflow_stores(traces: CapturedTraces) -> None:
    """A longer one would make the server refuse the trace."""
    with span("root"):
        mlflow.update_current_trace(tags={"k" * 300: "v" * 5000})
    (key,) = (key for key in traces[0].info.tags if key.startswith("kkk"))
    assert (len(key), len(traces[0].info.tags[key])) == (MAX_TAG_KEY, MAX_TAG_VALUE)


def test_who_and_what_runs_the_process_is_in_the_metadata(traces: CapturedTraces) -> None:
    """As MLflow's own client puts it there."""
    start("root").end()
    metadata = traces[0].info.trace_metadata
    assert {"mlflow.user", "mlflow.source.name", "mlflow.source.type"} <= set(metadata)
    assert metadata["mlflow.trace_schema.version"] == "3"


def test_session_and_user_are_metadata_and_attributes_of_the_root(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """MLflow reads them from either, whichever arrives."""

    def handler() -> None:
        otel_mlflow.current_trace().set_session("s-1")
        otel_mlflow.current_trace().set_user("u-1")

    served(instrument, handler)
    metadata, root = traces[0].info.trace_metadata, spans_of(traces[0])["GET /"]
    assert (metadata["mlflow.trace.session"], metadata["mlflow.trace.user"]) == ("s-1", "u-1")
    assert (root.attributes["session.id"], root.attributes["user.id"]) == ("s-1", "u-1")


def test_inputs_and_outputs_that_user_code_sets_come_before_the_bodies(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """As they were when they were set."""
    question = {"text": "?"}

    def handler() -> str:
        otel_mlflow.current_trace().set_inputs(question)
        otel_mlflow.current_trace().set_outputs(["!"])
        question["text"] = "changed"
        return "body"

    served(instrument, handler)
    root = spans_of(traces[0])["GET /"]
    assert (root.inputs, root.outputs) == ({"text": "?"}, ["!"])


def test_what_a_span_says_of_itself_comes_before_the_exchange(traces: CapturedTraces, instrument: Instrument) -> None:
    """Inputs set on the active span in the handler are those of the root."""

    def handler() -> None:
        active = mlflow.get_current_active_span()
        assert active is not None
        active.set_inputs("theirs")
        active.set_span_type("AGENT")

    served(instrument, handler)
    root = spans_of(traces[0])["GET /"]
    assert (root.inputs, root.span_type) == ("theirs", "AGENT")


def test_previews_are_user_code_s(traces: CapturedTraces) -> None:
    """Cut to what MLflow's stores have room for."""
    with span("root"):
        mlflow.update_current_trace(request_preview="q" * 2000, response_preview="a")
    assert traces[0].info.request_preview == "q" * 1000
    assert traces[0].info.response_preview == "a"


def test_outputs_set_before_the_root_is_written_anew_are_the_preview(traces: CapturedTraces) -> None:
    """The server keeps what it made of the root that came first: the last word takes a request of its own."""
    with BRIDGE.diverted_to(MemoryDelivery()):
        root = start("root")
        root.end()
        trace = state_of(root).trace
        first = json.loads(trace.encode().info)
        trace.metadata.outputs = "[1]"
        trace.restate_root(state_of(root), root)
        last = json.loads(trace.encode().info)
    assert (first["response_preview"], first["needs_request"]) == (None, False)
    assert (last["response_preview"], last["needs_request"]) == ("[1]", True)


def test_a_span_that_ends_after_what_was_told_of_the_trace_is_told_too(traces: CapturedTraces) -> None:
    """The duration in a request of its own would else follow the span, and make the trace shorter than it was."""
    with BRIDGE.diverted_to(MemoryDelivery()):
        root = start("root")
        late, last = start("late", root), start("last", root)
        root.end()
        trace = state_of(root).trace
        trace.encode()
        late.end()
        assert trace.encode().info == b""
        trace.metadata.tags["turn"] = "over"
        trace.mark_changed()
        told = json.loads(trace.encode().info)
        last.end()
        longer = json.loads(trace.encode().info)
    assert told["needs_request"]
    assert longer["needs_request"]
    assert last.end_time is not None
    assert longer["request_time_ms"] + longer["execution_duration_ms"] == pytest.approx(last.end_time / 1e6, abs=2)


def test_spans_below_a_dropped_one_hang_on_the_next_that_is_kept(traces: CapturedTraces) -> None:
    """However many are dropped in a row."""
    framework = trace_api.get_tracer("opentelemetry.instrumentation.fastapi")
    with span("request"), framework.start_as_current_span("a"), framework.start_as_current_span("b"), raw("work"):
        pass
    assert shown(traces) == drawn("request > work")


def test_framework_spans_are_kept_if_wanted(fresh_process: None, instrument: Instrument) -> None:
    """`tracing.framework_spans: keep`."""
    framework = trace_api.get_tracer("opentelemetry.instrumentation.asgi")

    def handler() -> None:
        with framework.start_as_current_span("http receive"), raw("work"):
            pass

    app = app_of(handler)
    instrument(app, tracing={"framework_spans": "keep"})
    with otel_mlflow.testing.capture() as traces:
        Call(app).run()
    assert shown(traces) == drawn("GET / > http receive > work")


def test_deep_spans_are_left_out_and_counted(traces: CapturedTraces, instrument: Instrument) -> None:
    """`tracing.max_trace_depth`, on their nearest kept ancestor; the request is depth 1."""

    def handler() -> None:
        with span("two"):
            for _ in range(2):
                with span("three"), raw("four"):
                    pass

    served(instrument, handler, tracing={"max_trace_depth": 2})
    assert shown(traces) == drawn("GET / > two")
    assert spans_of(traces[0])["two"].attributes[LEFT_OUT] == 4


def test_spans_that_are_left_out_before_their_ancestor_ends_are_counted_on_it(
    fresh_process: None, instrument: Instrument
) -> None:
    """Also where the trace was written down in between."""

    def later() -> None:
        with span("two"):
            with span("three"):
                pass
            assert isinstance(BRIDGE.diversion, MemoryDelivery)
            BRIDGE.diversion.traces()

    def handler(background: BackgroundTasks) -> None:
        background.add_task(later)

    app = app_of(handler)
    instrument(app, tracing={"max_trace_depth": 2})
    with otel_mlflow.testing.capture() as traces:
        Call(app).run()
    assert spans_of(traces[0])["two"].attributes[LEFT_OUT] == 1


def test_framework_spans_do_not_count_as_depth(traces: CapturedTraces, instrument: Instrument) -> None:
    """They are not there."""
    framework = trace_api.get_tracer("opentelemetry.instrumentation.asgi")

    def handler() -> None:
        with framework.start_as_current_span("http receive"), span("two"):
            pass

    served(instrument, handler, tracing={"max_trace_depth": 2})
    assert shown(traces) == drawn("GET / > two")
    assert LEFT_OUT not in spans_of(traces[0])["GET /"].attributes


def test_an_error_of_the_request_is_the_root_s(traces: CapturedTraces, instrument: Instrument) -> None:
    """With the exception, once, and the status in words."""

    def handler() -> None:
        raise ValueError("seven")

    with pytest.raises(ValueError, match="seven"):
        served(instrument, handler)
    root = spans_of(traces[0])["GET /"]
    assert (root.status.status_code, root.status.description) == (SpanStatusCode.ERROR, "ValueError: seven")
    assert [event.name for event in root.events] == ["exception"]
    assert root.attributes["error.type"] == "ValueError"
    assert traces[0].info.state == TraceState.ERROR


def test_user_code_s_word_on_the_state_counts(traces: CapturedTraces, instrument: Instrument) -> None:
    """`mlflow.update_current_trace(state=…)`, whatever HTTP made of it."""
    served(instrument, lambda: mlflow.update_current_trace(state="ERROR"))
    assert traces[0].info.state == TraceState.ERROR


def test_the_experiment_of_a_request_is_worked_out_off_its_path(fresh_process: None, instrument: Instrument) -> None:
    """`experiment_for(scope)`, on the thread that writes down."""
    asked: list[str] = []

    def experiment_for(scope: Any) -> str:
        asked.append(scope["path"])
        return "of a user"

    app = app_of(lambda: None)
    instrument(app, options={"experiment_for": experiment_for})
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        Call(app).run()
        assert asked == []
        (trace,) = delivery._waiting
        assert trace.encode().experiment == "of a user"
    assert asked == ["/"]


def test_a_trace_of_too_many_spans_loses_none(instrument: Instrument) -> None:
    """It is written as several records, and a backend that takes them has all of it."""

    def handler() -> None:
        for number in range(60):
            with span(f"step {number}"):
                pass

    app = app_of(handler)
    tracing = instrument(app)
    tracing._writer = TraceWriter(tracing.settings, "app", dict, largest_piece=2000)
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        Call(app).run()
        (waiting,) = delivery._waiting
        record = waiting.encode()
    assert len(record.split()) > 2
    names = [each.name for each in spans_of_requests(each.spans for each in record.split())]
    assert sorted(names) == sorted(["GET /", *(f"step {number}" for number in range(60))])


def test_an_experiment_for_that_fails_is_the_applications_fault(
    fresh_process: None, instrument: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names it with its place, the trace goes to the configured experiment and says why."""
    failures = GUARD.failures

    def experiment_for(scope: Any) -> str:
        raise KeyError("tenant")

    app = app_of(lambda: None)
    instrument(app, options={"experiment_for": experiment_for})
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        Call(app).run()
        (trace,) = delivery._waiting
        record = trace.encode()
    assert record.experiment is None
    assert json.loads(record.info)["tags"][REJECTED_TAG] == "experiment_for raised KeyError"
    assert json.loads(record.info)["needs_request"] is False
    line = experiment_for.__code__.co_firstlineno + 1
    assert f"the application's own experiment_for raised KeyError in {__file__}, line {line}" in caplog.text
    assert GUARD.failures == failures


def test_a_request_with_the_configured_experiment_names_none(fresh_process: None, instrument: Instrument) -> None:
    """`experiment_for` may return None."""
    app = app_of(lambda: None)
    instrument(app, options={"experiment_for": lambda scope: None})
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        Call(app).run()
        (trace,) = delivery._waiting
        record = trace.encode()
    assert (record.experiment, record.counted) == (None, True)


def test_a_record_of_nothing_new_has_no_spans(traces: CapturedTraces) -> None:
    """Only what was said of the trace as a whole."""
    root = start("root")
    trace = state_of(root).trace
    root.end()
    trace.encode()
    trace.mark_changed()
    record = trace.encode()
    assert record.spans == b""
    assert record.info
