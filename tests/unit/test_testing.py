"""What users' own tests get: the traces they produced, in memory, without a server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Trace
from opentelemetry import trace as trace_api

from otel_mlflow import Settings, Tracing, TracingMiddleware, TracingSetupError
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.testing import capture
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.conftest import Instrument
from tests.unit.trees import drawn, shown


def test_traces_of_an_instrumented_application_are_captured(fresh_process: None, instrument: Instrument) -> None:
    """Nothing is sent anywhere, and delivery is not even started."""
    app = app_of(lambda: None)
    tracing = instrument(app)
    with capture() as traces:
        Call(app).run()
    assert shown(traces) == drawn("GET /")
    assert "started=False" in repr(tracing)


def test_mlflow_on_its_own_is_captured(fresh_process: None) -> None:
    """Without any application: wired for the time being."""
    with capture() as traces, span("work"), raw("query"):
        pass
    assert shown(traces) == drawn("work > query")
    assert BRIDGE.processor.default_owner is None


def test_they_are_mlflow_s_own_objects(fresh_process: None) -> None:
    """As `mlflow.get_trace` returns them, the root first."""
    with capture() as traces, span("work") as work:
        work.set_inputs({"question": "?"})
        with raw("query"):
            pass
    assert isinstance(traces[0], Trace)
    assert traces[0].data.spans[0].inputs == {"question": "?"}
    assert traces[0].search_spans(name="query")[0].parent_id == traces[0].data.spans[0].span_id


def test_no_prices_are_fetched_for_them(fresh_process: None) -> None:
    """To work out what a model's tokens cost, MLflow would ask the network; what else its store knows is there."""
    with capture() as traces, raw("chat") as chat:
        chat.set_attributes({"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"})
        chat.set_attributes({"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 10})
    (kept,) = traces[0].data.spans
    assert kept.model_name == "gpt-4o"
    assert "mlflow.llm.cost" not in kept.attributes


def test_a_trace_is_read_once_and_again_when_there_is_more_of_it(fresh_process: None) -> None:
    """Whoever goes through the traces of many requests does not wait for each of them anew."""
    with capture() as traces:
        with span("work"):
            late = trace_api.get_tracer("user").start_span("late")
        first = traces[0]
        assert traces[0] is first
        late.end()
        assert len(traces[0].data.spans) == len(first.data.spans) + 1


def test_they_are_a_sequence_oldest_first(fresh_process: None) -> None:
    """Of what is finished so far."""
    with capture() as traces:
        assert list(traces) == []
        for name in ("one", "two", "three"):
            with span(name):
                pass
        with span("open"):
            assert len(traces) == 3
        assert [trace.info.tags["mlflow.traceName"] for trace in traces[1:3]] == ["two", "three"]
        assert repr(traces) == f"CapturedTraces({[trace.info.trace_id for trace in traces]})"


def test_a_capture_within_another_takes_what_is_finished_in_it(fresh_process: None) -> None:
    """And gives back to the outer one afterwards."""
    with capture() as outer:
        with capture() as inner, span("inner"):
            pass
        with span("outer"):
            pass
    assert shown(inner) == drawn("inner")
    assert shown(outer) == drawn("outer")


def test_a_capture_that_cannot_begin_changes_nothing(fresh_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is finished afterwards goes where it would have gone."""
    monkeypatch.setenv("OTEL_MLFLOW_NO_SUCH", "setting")
    monkeypatch.setenv("OTEL_MLFLOW_STRICT", "yes")
    with pytest.raises(TracingSetupError, match="NO_SUCH"), capture():
        pass
    assert BRIDGE.diversion is None
    assert isinstance(trace_api.get_tracer_provider(), trace_api.ProxyTracerProvider)


def test_an_exception_in_the_block_is_raised_on_and_all_is_taken_down(fresh_process: None) -> None:
    """As a failing test has it."""
    with pytest.raises(ZeroDivisionError), capture():
        raise ZeroDivisionError
    assert BRIDGE.diversion is None
    assert BRIDGE.processor.default_owner is None


def test_spans_that_end_after_the_root_are_in(fresh_process: None) -> None:
    """A trace is read when somebody looks."""
    with capture() as traces:
        tracing = Tracing(Settings())
        with span("root") as root:
            late = mlflow.start_span_no_context("late", parent_span=root)
        late.end()
        tracing.shutdown()
    assert shown(traces) == drawn("root > late")


def test_the_plugin_costs_a_test_run_without_traces_nothing(tmp_path: Path) -> None:
    """It is loaded by every pytest of the environment."""
    program = "import sys, otel_mlflow.testing; print([n for n in ('mlflow', 'opentelemetry') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_plain_asgi_is_captured(fresh_process: None) -> None:
    """Whatever is traced by this process."""
    with capture() as traces:
        tracing = Tracing(Settings())
        Call(TracingMiddleware(empty_answer, tracing=tracing)).run()
        tracing.shutdown()
    assert shown(traces) == drawn("GET")
