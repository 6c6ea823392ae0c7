"""One SERVER span and one trace a request, where FastAPI or OpenTelemetry's instrumentation traces requests too."""

from __future__ import annotations

from typing import Any

import fastapi
import pytest
from fastapi import FastAPI, Request
from opentelemetry import metrics
from opentelemetry import trace as trace_api
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from packaging.version import Version

import otel_mlflow
from otel_mlflow import Settings, Tracing, TracingMiddleware
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import raw, span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.conftest import Instrument
from tests.unit.trees import drawn, shown, spans_of

HAS_TELEMETRY = Version(fastapi.__version__) >= Version("0.142")
needs_telemetry = pytest.mark.skipif(not HAS_TELEMETRY, reason="needs a FastAPI that traces its own requests")


@pytest.fixture
def exporter(fresh_process: None) -> InMemorySpanExporter:
    """The exporter of a tracer provider that the application has set up for itself."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_api.set_tracer_provider(provider)
    return exporter


def app() -> FastAPI:
    """An application with one route, which opens spans."""
    made = FastAPI(title="shop")

    @made.get("/things/{id}")
    async def thing(id: int) -> int:
        with span("work"), raw("query"):
            if id < 0:
                raise ValueError(id)
            return id

    return made


def quiet_app() -> FastAPI:
    """The same, for tests in which nothing of ours is there: MLflow's spans would go MLflow's own way."""
    made = FastAPI()

    @made.get("/things/{id}")
    async def thing(id: int) -> int:
        return id

    return made


ROOT = "GET /things/{id}"
TREE = f"{ROOT} > work > query"


def servers(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    """The SERVER spans that the application's exporter got."""
    return [finished for finished in exporter.get_finished_spans() if finished.kind is SpanKind.SERVER]


def test_instrumented_fastapi_makes_one_server_span(exporter: InMemorySpanExporter, instrument: Instrument) -> None:
    """FastAPI's, which the middleware claims, with all that the application's exporter is used to."""
    served = app()
    instrument(served)
    with capture() as traces:
        call = Call(served, "GET /things/7").run()
    assert shown(traces) == drawn(TREE)
    (server,) = servers(exporter)
    assert server.name == "GET /things/{id}"
    context = server.get_span_context()
    assert context is not None
    assert call.headers["x-mlflow-trace-id"] == traces[0].info.trace_id == f"tr-{context.trace_id:032x}"


def test_each_application_s_server_spans_go_to_the_provider_named_for_it(instrument: Instrument) -> None:
    """Also FastAPI's, which would make them with the global one."""
    exporters = [InMemorySpanExporter(), InMemorySpanExporter()]
    for exporter in exporters:
        served, provider = app(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        instrument(served, options={"tracer_provider": provider})
        with capture() as traces:
            Call(served, "GET /things/7").run()
        assert shown(traces) == drawn(TREE)
    assert [len(servers(exporter)) for exporter in exporters] == [1, 1]


def test_the_middleware_inside_fastapi_makes_one_server_span(exporter: InMemorySpanExporter) -> None:
    """Added with `add_middleware`."""
    tracing = Tracing(Settings())
    served = app()
    served.add_middleware(TracingMiddleware, tracing=tracing)
    with capture() as traces:
        Call(served, "GET /things/7").run()
    tracing.shutdown()
    assert shown(traces) == drawn(TREE)
    assert len(servers(exporter)) == 1


def test_the_middleware_round_fastapi_makes_one_server_span(exporter: InMemorySpanExporter) -> None:
    """Wrapped round it from outside: FastAPI's is switched off."""
    tracing = Tracing(Settings())
    with capture() as traces:
        Call(TracingMiddleware(app(), tracing=tracing), "GET /things/7").run()
    tracing.shutdown()
    assert shown(traces) == drawn(TREE)
    (server,) = servers(exporter)
    assert server.attributes is not None
    assert server.attributes["http.route"] == "/things/{id}"


def test_a_mounted_fastapi_makes_no_second_server_span(exporter: InMemorySpanExporter, instrument: Instrument) -> None:
    """It has telemetry of its own."""
    outer = FastAPI()
    outer.mount("/inner", app())
    instrument(outer)
    with capture() as traces:
        Call(outer, "GET /inner/things/7").run()
    assert shown(traces) == drawn("GET /inner/things/{id} > work > query")
    assert len(servers(exporter)) == 1


def test_a_mounted_fastapi_may_be_the_one_that_is_instrumented(
    exporter: InMemorySpanExporter, instrument: Instrument
) -> None:
    """The outer one is none of our business; its span is the request's all the same."""
    inner, outer = app(), FastAPI()
    outer.mount("/inner", inner)
    instrument(inner)
    with capture() as traces:
        Call(outer, "GET /inner/things/7").run()
    assert shown(traces) == drawn("GET /inner/things/{id} > work > query")
    assert len(servers(exporter)) == 1


def test_where_only_we_would_see_it_fastapi_opens_no_spans(traces: CapturedTraces, instrument: Instrument) -> None:
    """With the provider that is ours, none are opened that MLflow does not show."""
    served = app()
    tracing = instrument(served, tracing={"framework_spans": "keep"})
    Call(served, "GET /things/7").run()
    assert shown(traces) == drawn(TREE)
    assert BRIDGE.provider.in_use(tracing).is_ours_alone


def test_claimed_spans_say_what_the_middleware_saw(exporter: InMemorySpanExporter, instrument: Instrument) -> None:
    """Inputs, outputs, state, exception and tags, as on a span of ours."""
    served = app()
    instrument(served)
    with capture() as traces, pytest.raises(ValueError, match="-7"):
        Call(served, "GET /things/-7").run()
    root = spans_of(traces[0])["GET /things/{id}"]
    assert root.inputs == {"query": {}, "path_params": {"id": "-7"}}
    assert root.status.description == "ValueError: -7"
    assert len([event for event in root.events if event.name == "exception"]) == 1
    assert traces[0].info.tags["http.status_code"] == "500"


def test_excluded_requests_leave_no_trace_of_fastapi_s(exporter: InMemorySpanExporter, instrument: Instrument) -> None:
    """The application's exporter still gets what FastAPI gives it."""
    served = app()
    instrument(served, tracing={"excluded_urls": ["things"]})
    with capture() as traces:
        Call(served, "GET /things/7").run()
    assert len(traces) == 0
    assert len(servers(exporter)) == (1 if HAS_TELEMETRY else 0)


def test_where_tracing_is_disabled_fastapi_s_telemetry_is_left_alone(exporter: InMemorySpanExporter) -> None:
    """`tracing.enabled: false`, with the middleware wrapped round."""
    tracing = Tracing(Settings(tracing={"enabled": False}))
    Call(TracingMiddleware(quiet_app(), tracing=tracing), "GET /things/7").run()
    tracing.shutdown()
    assert len(servers(exporter)) == (1 if HAS_TELEMETRY else 0)


@pytest.mark.parametrize("order", ["before", "afterwards", "before, and served"])
def test_opentelemetry_s_instrumentation_makes_one_server_span(
    exporter: InMemorySpanExporter, instrument: Instrument, order: str
) -> None:
    """Whichever was put on first; theirs is claimed where it is outside."""
    served = app()
    if order == "before":
        FastAPIInstrumentor.instrument_app(served)
    if order == "before, and served":
        FastAPIInstrumentor.instrument_app(served)
        served.middleware_stack = served.build_middleware_stack()
    instrument(served)
    if order == "afterwards":
        FastAPIInstrumentor.instrument_app(served)
    with capture() as traces:
        Call(served, "GET /things/7").run()
    FastAPIInstrumentor.uninstrument_app(served)
    assert shown(traces) == drawn(TREE)


def test_opentelemetry_s_instrumentation_of_a_mounted_app_adds_no_trace(
    exporter: InMemorySpanExporter, instrument: Instrument
) -> None:
    """Its server span is inside the request, and about the framework."""
    inner, outer = app(), FastAPI()
    outer.mount("/inner", inner)
    FastAPIInstrumentor.instrument_app(inner)
    instrument(outer)
    with capture() as traces:
        Call(outer, "GET /inner/things/7").run()
    FastAPIInstrumentor.uninstrument_app(inner)
    assert shown(traces) == drawn("GET /inner/things/{id} > work > query")


def test_uninstrumenting_turns_fastapi_s_telemetry_on_again(traces: CapturedTraces) -> None:
    """As the application had it."""
    served = app()
    config: Any = getattr(served, "_telemetry", {"tracing": None})
    before = config["tracing"]
    otel_mlflow.instrument(served, Settings())
    otel_mlflow.uninstrument(served)
    assert config["tracing"] == before


def seen_by(exporter: InMemorySpanExporter) -> list[str]:
    """The spans that an exporter got, but for those of the handler."""
    return [each.name for each in exporter.get_finished_spans() if each.name not in ("work", "query")]


@needs_telemetry
@pytest.mark.parametrize("way", ["provider", "processor"])
def test_an_exporter_that_comes_later_gets_what_fastapi_says_of_itself(
    fresh_process: None, instrument: Instrument, way: str
) -> None:
    """On a provider of its own, or added to the one that is there."""
    served, exporter = app(), InMemorySpanExporter()
    instrument(served)
    with capture() as traces:
        Call(served, "GET /things/7").run()
        if way == "provider":
            trace_api.set_tracer_provider(TracerProvider())
        provider: Any = trace_api.get_tracer_provider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        Call(served, "GET /things/8").run()
    assert shown(traces) == drawn(TREE, TREE)
    assert seen_by(exporter) == [*(f"fastapi.{part}" for part in ("dependencies", "endpoint", "serialization")), ROOT]


def test_a_processor_that_is_added_to_our_provider_sees_all_of_the_request(
    fresh_process: None, tracing: Tracing
) -> None:
    """Also where no framework makes the span: it says from the start what is known of the request."""
    exporter = InMemorySpanExporter()
    provider: Any = trace_api.get_tracer_provider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with capture():
        Call(TracingMiddleware(empty_answer, tracing=tracing), "GET /things").run()
    (server,) = servers(exporter)
    attributes = dict(server.attributes or {})
    assert (attributes["http.request.method"], attributes["url.path"]) == ("GET", "/things")


@needs_telemetry
def test_exporters_that_fastapi_sets_up_itself_are_set_up(fresh_process: None, instrument: Instrument) -> None:
    """`FastAPI(telemetry={"auto_configure": True})` looks whether it traces as the server starts."""
    configured: list[Any] = [{"auto_configure": True}, {}, {"tracing": False}]
    wanted = []
    for telemetry in configured:
        served: Any = FastAPI(telemetry=telemetry)
        instrument(served)
        wanted.append(bool(served._telemetry["tracing"]))
    assert wanted == [True, False, False]


# What we lean on in FastAPI that it does not promise: each test says what stops working without it.


@needs_telemetry
def test_private_fastapi_keeps_its_telemetry_s_configuration_in_a_dict() -> None:
    """`FastAPI._telemetry`, whose "tracing" is read at each request."""
    served: Any = FastAPI()
    assert served._telemetry["tracing"] is True
    assert {"metrics", "logs"} <= set(served._telemetry)
    assert served._native_telemetry.config is served._telemetry


@needs_telemetry
def test_private_fastapi_says_whether_its_telemetry_is_on(fresh_process: None) -> None:
    """`FastAPI._native_telemetry.enabled()`: as soon as there is a provider for one of its signals."""
    served: Any = FastAPI()
    assert not served._native_telemetry.enabled()
    trace_api.set_tracer_provider(TracerProvider())
    assert served._native_telemetry.enabled()
    served._telemetry["tracing"] = False
    assert not served._native_telemetry.enabled()


@needs_telemetry
def test_private_fastapi_stays_out_of_a_request_that_is_marked(exporter: InMemorySpanExporter) -> None:
    """The scope key `fastapi.telemetry`: its presence alone decides."""
    call = Call(quiet_app(), "GET /things/7")
    call.scope["fastapi.telemetry"] = None
    call.run()
    assert servers(exporter) == []
    Call(quiet_app(), "GET /things/7").run()
    assert len(servers(exporter)) == 1


@needs_telemetry
def test_private_fastapi_marks_the_requests_that_it_traces(exporter: InMemorySpanExporter) -> None:
    """By the same key, so that a mounted application leaves them alone."""
    served = FastAPI()

    @served.get("/")
    def marked(request: Request) -> bool:
        return request.scope.get("fastapi.telemetry") is not None

    assert Call(served).run().json is True


@needs_telemetry
def test_fastapi_s_metrics_stay_on(fresh_process: None, instrument: Instrument) -> None:
    """Only its request spans are one too many."""
    served: Any = app()
    instrument(served)
    assert served._telemetry["metrics"] is True
    assert served._telemetry["logs"] is True
    assert metrics.get_meter_provider() is not None


@pytest.mark.parametrize(
    "scope",
    [
        "fastapi",
        "opentelemetry.instrumentation.asgi",
        "opentelemetry.instrumentation.fastapi",
        "opentelemetry.instrumentation.starlette",
    ],
)
def test_spans_of_frameworks_are_known_by_the_library_that_makes_them(traces: CapturedTraces, scope: str) -> None:
    """The name of the tracer."""
    with span("request"), trace_api.get_tracer(scope).start_as_current_span("about itself"), raw("work"):
        pass
    assert shown(traces) == drawn("request > work")


@needs_telemetry
def test_private_fastapi_s_tracer_is_called_after_it(exporter: InMemorySpanExporter) -> None:
    """By this name its spans are known."""
    Call(quiet_app(), "GET /things/7").run()
    scopes = {
        finished.instrumentation_scope.name
        for finished in exporter.get_finished_spans()
        if finished.instrumentation_scope is not None
    }
    assert scopes == {"fastapi"}


def test_private_opentelemetry_s_tracers_are_called_after_it(exporter: InMemorySpanExporter) -> None:
    """By these names its spans are known."""
    served = quiet_app()
    FastAPIInstrumentor.instrument_app(served)
    Call(served, "GET /things/7").run()
    FastAPIInstrumentor.uninstrument_app(served)
    scopes = {
        finished.instrumentation_scope.name
        for finished in exporter.get_finished_spans()
        if finished.instrumentation_scope is not None
    }
    assert scopes & {"opentelemetry.instrumentation.fastapi", "opentelemetry.instrumentation.asgi"}
