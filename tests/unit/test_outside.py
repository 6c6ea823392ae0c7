"""Our own threads: nothing in them is the application's, and they import nothing that a request may be importing."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from opentelemetry import context as context_api
from opentelemetry import trace as trace_api
from opentelemetry.instrumentation.utils import is_http_instrumentation_enabled, is_instrumentation_enabled
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otel_mlflow.backends.calls import begin, map_parallel
from otel_mlflow.outside import own_thread
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import raw, span


def test_spans_on_our_threads_are_in_no_trace(traces: CapturedTraces) -> None:
    """An instrumented HTTP client would trace our deliveries, and those theirs."""

    def deliver() -> None:
        with raw("POST /v1/traces"), span("inside"):
            pass

    thread = own_thread(deliver, "otel-mlflow-test")
    thread.start()
    thread.join()
    assert len(traces) == 0


def test_instrumentations_leave_our_threads_alone() -> None:
    """By OpenTelemetry's own context keys, on every thread that does something for us."""
    enabled: list[bool] = []

    def work(_: object = None) -> None:
        enabled.extend([is_instrumentation_enabled(), is_http_instrumentation_enabled()])

    outcome, thread = begin(work, "otel-mlflow-test")
    thread.join()
    outcome.result()
    assert enabled == [False, False]


def test_a_context_that_somebody_gives_to_threads_does_not_reach_ours(traces: CapturedTraces) -> None:
    """`ThreadingInstrumentor` attaches the starter's context before a thread runs."""
    seen: list[object] = []
    with span("request"):
        thread = own_thread(lambda: seen.append(trace_api.get_current_span()), "otel-mlflow-test")
        here = context_api.get_current()
        run = thread.run

        def run_instrumented() -> None:
            context_api.attach(here)
            run()

        thread.run = run_instrumented  # type: ignore[method-assign]
        thread.start()
        thread.join()
    assert seen == [trace_api.INVALID_SPAN]


def test_what_the_application_s_sampler_drops_on_our_threads_is_not_recorded(fresh_process: None) -> None:
    """It is nobody's."""
    trace_api.set_tracer_provider(TracerProvider(sampler=ALWAYS_OFF))
    recording: list[bool] = []

    def work() -> None:
        with raw("work") as opened:
            recording.append(opened.is_recording())

    with capture():
        thread = own_thread(work, "otel-mlflow-test")
        thread.start()
        thread.join()
    assert recording == [False]


def test_litellm_is_imported_by_the_application_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow prices model calls with it where it is there; importing it takes seconds in the middle of requests."""
    (tmp_path / "litellm.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "litellm", raising=False)
    found: list[bool] = []

    def look_for() -> None:
        try:
            importlib.import_module("litellm")
            found.append(True)
        except ImportError:
            found.append(False)

    thread = own_thread(look_for, "otel-mlflow-test")
    thread.start()
    thread.join()
    look_for()
    assert found == [False, True]


def test_work_in_parallel_is_done_by_all(traces: CapturedTraces) -> None:
    """The calling thread among them, which is one of ours where it matters."""
    done: list[int] = []
    map_parallel(range(10), done.append, threads=3)
    assert sorted(done) == list(range(10))
