"""`instrument(app)` and back."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from otel_mlflow import Settings, Tracing, instrument, uninstrument
from otel_mlflow.errors import ArgumentTypeError
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.testing import CapturedTraces
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.trees import drawn, shown, spans_of


def work() -> str:
    """A handler that opens a span."""
    with span("work"):
        return "done"


def test_one_line_traces_an_application(traces: CapturedTraces) -> None:
    """FastAPI or Starlette."""
    starlette = Starlette(routes=[Route("/", lambda request: PlainTextResponse(work()))])
    for app in (app_of(work), starlette):
        instrument(app)
        Call(app).run()
        uninstrument(app)
    assert shown(traces) == drawn("GET / > work", "GET / > work")


def test_settings_come_from_the_environment_where_none_are_given(
    traces: CapturedTraces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`instrument(app)`, and nothing else."""
    monkeypatch.setenv("OTEL_MLFLOW_EXPERIMENT_NAME", "from the environment")
    app = app_of(work)
    assert instrument(app).settings.experiment_name == "from the environment"
    uninstrument(app)


def test_the_service_is_named_after_the_application(traces: CapturedTraces) -> None:
    """Where nothing else names it."""
    shop, named = app_of(work, title="Shop"), app_of(work, title="Shop")
    instrument(shop)
    instrument(named, Settings(service_name="other"))
    for app in (shop, named):
        Call(app).run()
        uninstrument(app)
    assert [trace.info.tags["service.name"] for trace in traces] == ["Shop", "other"]


def test_instrumenting_again_changes_nothing(traces: CapturedTraces) -> None:
    """And returns the same object, whatever the settings."""
    app = app_of(work)
    tracing = instrument(app)
    assert instrument(app, Settings(service_name="other")) is tracing
    Call(app).run()
    uninstrument(app)
    assert shown(traces) == drawn("GET / > work")


def test_an_application_that_has_served_already_can_be_instrumented(traces: CapturedTraces) -> None:
    """Its middleware is built by then."""
    app = Starlette(routes=[Route("/", lambda request: PlainTextResponse(work()))])
    Call(app).run()
    instrument(app)
    Call(app).run()
    uninstrument(app)
    assert shown(traces) == drawn("work", "GET / > work")


@pytest.mark.parametrize("served", ["never", "before", "meanwhile"])
def test_uninstrumenting_leaves_the_application_as_it_was(traces: CapturedTraces, served: str) -> None:
    """Its attributes, its methods, and what it answers."""
    app = app_of(work)
    if served == "before":
        Call(app).run()
    before = {name: value for name, value in vars(app).items() if name != "middleware_stack"}
    stack = app.middleware_stack
    instrument(app)
    if served == "meanwhile":
        Call(app).run()
    uninstrument(app)
    assert {name: value for name, value in vars(app).items() if name != "middleware_stack"} == before
    if served != "meanwhile":
        assert app.middleware_stack is stack
    assert set(Call(app).run().headers) == {"content-length", "content-type"}


def test_uninstrumenting_what_is_not_instrumented_changes_nothing(fresh_process: None) -> None:
    """Twice is once."""
    app = app_of(work)
    uninstrument(app)
    instrument(app)
    uninstrument(app)
    uninstrument(app)


def test_an_application_can_be_instrumented_again(traces: CapturedTraces) -> None:
    """By an object of its own."""
    app = app_of(work)
    first = instrument(app)
    uninstrument(app)
    assert instrument(app) is not first
    Call(app).run()
    uninstrument(app)
    assert shown(traces) == drawn("GET / > work")


def test_instrumentation_that_came_after_ours_stays_when_we_go(traces: CapturedTraces) -> None:
    """OpenTelemetry's replaces the same method of the application; its is not ours to take away."""
    app = app_of(work)
    instrument(app)
    FastAPIInstrumentor.instrument_app(app)
    theirs = app.build_middleware_stack
    uninstrument(app)
    assert app.build_middleware_stack == theirs
    assert "x-mlflow-trace-id" not in Call(app).run().headers
    FastAPIInstrumentor.uninstrument_app(app)


def test_two_applications_in_one_process_are_traced_each_by_its_own_settings(traces: CapturedTraces) -> None:
    """And the one goes on when the other is done."""
    shop, bank = app_of(work, title="shop"), app_of(work, title="bank")
    instrument(shop, Settings(default_tags={"of": "shop"}))
    instrument(bank, Settings(default_tags={"of": "bank"}))
    Call(shop).run()
    uninstrument(shop)
    Call(bank).run()
    uninstrument(bank)
    assert [trace.info.tags["of"] for trace in traces] == ["shop", "bank"]


def test_a_mounted_application_that_is_instrumented_too_adds_no_trace(traces: CapturedTraces) -> None:
    """A request is traced by the outermost that meets it."""
    inner, outer = app_of(work), FastAPI()
    outer.mount("/inner", inner)
    for app in (inner, outer):
        instrument(app)
    Call(outer, "GET /inner/").run()
    for app in (inner, outer):
        uninstrument(app)
    assert shown(traces) == drawn("GET /inner/ > work")


def test_middleware_of_the_application_is_inside(traces: CapturedTraces) -> None:
    """Whatever it opens belongs to the request, whatever it answers is the answer, whatever it adds is told."""

    async def around(request: Any, call_next: Any) -> Any:
        with span("around"):
            return await call_next(request)

    app = app_of(lambda: "x" * 2000)
    app.add_middleware(BaseHTTPMiddleware, dispatch=around)
    app.add_middleware(GZipMiddleware)
    instrument(app)
    call = Call(app, headers={"accept-encoding": "gzip"}).run()
    uninstrument(app)
    assert call.headers["content-encoding"] == "gzip"
    assert shown(traces) == drawn("GET / > around")
    assert spans_of(traces[0])["GET /"].outputs == "x" * 2000


def test_the_answer_to_an_unhandled_exception_is_traced_like_any_other(traces: CapturedTraces) -> None:
    """Starlette's outermost middleware sends it, and raises on."""
    app = app_of(lambda: 1 / 0)
    instrument(app)
    call = Call(app)
    with pytest.raises(ZeroDivisionError):
        call.run()
    uninstrument(app)
    assert call.status == 500
    assert call.headers["x-mlflow-trace-id"] == traces[0].info.trace_id
    assert traces[0].info.tags["http.status_code"] == "500"


def test_an_exception_handler_of_the_application_answers_as_before(traces: CapturedTraces) -> None:
    """What it handles is no exception to the server."""
    app = app_of(lambda: 1 / 0)
    app.add_exception_handler(ZeroDivisionError, lambda request, error: PlainTextResponse("no", 400))
    instrument(app)
    call = Call(app).run()
    uninstrument(app)
    assert call.status == 400
    assert traces[0].info.tags["otel_mlflow.outcome"] == "ok"


def test_no_network_is_used_in_instrument(fresh_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start-up never waits for MLflow."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    app = app_of(work)
    instrument(app, Settings(tracking_uri="http://192.0.2.1:5000"))
    uninstrument(app)


def test_nothing_is_written_before_the_first_request(fresh_process: None) -> None:
    """Importing an application in a test or a tool leaves no files behind."""
    app = app_of(work)
    instrument(app)
    uninstrument(app)
    assert list(Path.cwd().iterdir()) == []


def test_a_failing_start_leaves_nothing_half_done(fresh_process: None) -> None:
    """The application stays as it was, and so does the process."""
    app = app_of(work)
    with pytest.raises(ValueError, match="no_such"):
        instrument(app, Settings(no_such="setting"))
    assert not hasattr(app, "_otel_mlflow")


def test_tracing_shows_what_it_is(fresh_process: None) -> None:
    """Without secrets."""
    tracing = Tracing(Settings(experiment_name="shop", tracking_uri="http://user:secret@127.0.0.1:1"))
    assert repr(tracing) == "Tracing(experiment_name='shop', started=False)"
    tracing.shutdown()


def test_what_is_finished_of_an_open_trace_is_handed_over_at_shutdown(fresh_process: None) -> None:
    """The process may be gone before the rest of it ends."""
    delivery = MemoryDelivery()
    tracing = Tracing(Settings())
    with BRIDGE.diverted_to(delivery), raw("request"):
        with raw("finished"):
            pass
        tracing.shutdown()
        assert "finished" in [found.name for trace in delivery.traces() for found in trace.data.spans]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"settings": "main"}, r"settings takes otel_mlflow\.Settings.*; this is a str"),
        ({"settings": {"strict": True}}, "settings takes .*; this is a dict"),
        ({"settings": Settings}, "settings takes .*; this is the class Settings itself"),
        ({"tracer_provider": object()}, "tracer_provider takes .*; this is a object"),
        ({"tracer_provider": TracerProvider}, "tracer_provider takes .*; this is the class TracerProvider itself"),
        ({"experiment_for": "agent"}, r"experiment_for takes .*experiment_name=….*; this is a str"),
    ],
)
def test_a_bad_argument_is_named_and_changes_nothing(fresh_process: None, given: dict[str, Any], words: str) -> None:
    """Before the application is touched."""
    app = app_of(work)
    before = dict(vars(app))
    with pytest.raises(ArgumentTypeError, match=words):
        instrument(app, **given)
    assert vars(app) == before
