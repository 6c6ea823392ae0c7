"""One tracer provider for OpenTelemetry and MLflow, kept in place whatever user code calls."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import mlflow
import pytest
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import NoOpTracerProvider
from typing_extensions import override

from otel_mlflow import Tracing
from otel_mlflow.spans.ids import random_bits
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.spans.test_trace import open_states
from tests.unit.trees import drawn, shown


class Application:
    """An application's own tracer provider, with an exporter of its own."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def exported(self) -> list[str]:
        """The names of the spans that its exporter got."""
        return sorted(finished.name for finished in self.exporter.get_finished_spans())


@pytest.fixture
def application() -> Application:
    """A tracer provider that the application has made, and not set yet."""
    return Application()


def work() -> None:
    """A handler that opens a span of each kind."""
    with span("mlflow"), raw("raw"):
        pass


ALL = ["GET /", "mlflow", "raw"]


def test_a_provider_set_before_keeps_its_exporter_and_gets_every_span(
    fresh_process: None, instrument: Instrument, application: Application
) -> None:
    """MLflow's spans among them: it is the one provider."""
    trace_api.set_tracer_provider(application.provider)
    app = app_of(work, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        Call(app).run()
    assert trace_api.get_tracer_provider() is application.provider
    assert application.exported == ALL
    assert shown(traces) == drawn("GET / > mlflow > raw")


@pytest.mark.parametrize(("has_provider", "tree"), [(False, "GET / > mlflow > raw"), (True, "GET / > mlflow")])
def test_with_the_sdk_switched_off_tracing_that_is_enabled_goes_on(
    fresh_process: None, instrument: Instrument, monkeypatch: pytest.MonkeyPatch, has_provider: bool, tree: str
) -> None:
    """`tracing.enabled` counts above OTEL_SDK_DISABLED; the application's own makes no spans, as without us."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    application = Application()
    if has_provider:
        trace_api.set_tracer_provider(application.provider)
    app = app_of(work, telemetry={"tracing": False})
    instrument(app, tracing={"enabled": True})
    with capture() as traces:
        Call(app).run()
    assert shown(traces) == drawn(tree)
    assert application.exported == []


def test_a_provider_set_afterwards_takes_over(
    traces: CapturedTraces, instrument: Instrument, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenTelemetry takes one provider only, and the first one set is the application's."""
    app = app_of(work, telemetry={"tracing": False})
    instrument(app)
    trace_api.set_tracer_provider(application.provider)
    Call(app).run()
    assert trace_api.get_tracer_provider() is application.provider
    assert application.exported == ALL
    assert shown(traces) == drawn("GET / > mlflow > raw")
    assert caplog.text == ""


def test_a_provider_set_in_the_middle_of_a_request_leaves_its_trace_whole(
    traces: CapturedTraces, instrument: Instrument, application: Application
) -> None:
    """Spans of both providers are in it."""

    def handler() -> None:
        with span("before"):
            trace_api.set_tracer_provider(application.provider)
            with raw("in between"):
                pass
        with span("after"):
            pass

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    assert shown(traces) == drawn("GET / > [before > in between, after]")


def test_a_second_provider_is_refused_as_opentelemetry_does_it(
    traces: CapturedTraces, application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """What is the application's own mistake stays one, and is told."""
    trace_api.set_tracer_provider(application.provider)
    trace_api.set_tracer_provider(TracerProvider())
    assert trace_api.get_tracer_provider() is application.provider
    assert "Overriding of current TracerProvider is not allowed" in caplog.text


def test_tracers_that_were_handed_out_before_show_their_spans_to_the_application_s_exporters(
    traces: CapturedTraces, application: Application
) -> None:
    """A library keeps its tracer in a module variable; it was given one of our provider."""
    tracer = trace_api.get_tracer("a.library")
    trace_api.set_tracer_provider(application.provider)
    with span("request"), tracer.start_as_current_span("library"):
        pass
    assert application.exported == ["library", "request"]


def test_a_span_that_two_providers_show_us_is_taken_once(traces: CapturedTraces, application: Application) -> None:
    """Taken twice, it would end once, and its trace would never be complete."""
    tracer = trace_api.get_tracer("a.library")
    trace_api.set_tracer_provider(application.provider)
    with tracer.start_as_current_span("library"):
        (state,) = open_states()
        assert (state.trace.tree.open_spans, state.trace.tree.has_inner_spans) == (1, False)


def test_an_explicit_provider_makes_the_spans(
    fresh_process: None, instrument: Instrument, application: Application
) -> None:
    """`instrument(app, tracer_provider=…)`: used in place of the global one, for MLflow's spans too."""
    other = Application()
    trace_api.set_tracer_provider(other.provider)
    app = app_of(work, telemetry={"tracing": False})
    instrument(app, options={"tracer_provider": application.provider})
    with capture() as traces:
        Call(app).run()
    assert application.exported == ["GET /", "mlflow"]
    assert other.exported == ["raw"]
    assert shown(traces) == drawn("GET / > mlflow > raw")


def test_an_explicit_provider_is_the_global_one_where_there_is_none(
    fresh_process: None, instrument: Instrument, application: Application
) -> None:
    """Otherwise the spans of instrumented libraries would go nowhere."""
    app = app_of(work, telemetry={"tracing": False})
    instrument(app, options={"tracer_provider": application.provider})
    with capture() as traces:
        Call(app).run()
    assert application.exported == ALL
    assert shown(traces) == drawn("GET / > mlflow > raw")


def test_a_provider_of_another_make_stays_the_global_one(fresh_process: None, instrument: Instrument) -> None:
    """No processor can be added to it, so our spans and MLflow's are made with one of ours."""
    other = NoOpTracerProvider()
    trace_api.set_tracer_provider(other)
    app = app_of(work)
    instrument(app)
    with capture() as traces:
        Call(app).run()
    assert trace_api.get_tracer_provider() is other
    assert shown(traces) == drawn("GET / > mlflow")


def test_two_applications_have_a_provider_each(
    fresh_process: None, instrument: Instrument, application: Application
) -> None:
    """The spans of each go to its own; one that names none does not get the other's."""
    other = Application()
    apps = {name: app_of(work, f"/{name}", telemetry={"tracing": False}) for name in "abc"}
    instrument(apps["a"], options={"tracer_provider": application.provider})
    instrument(apps["b"], options={"tracer_provider": other.provider})
    instrument(apps["c"])
    with capture() as traces:
        for name, app in apps.items():
            Call(app, f"GET /{name}").run()
    assert shown(traces) == drawn(*(f"GET /{name} > mlflow > raw" for name in "abc"))
    assert application.exported == ["GET /a", "mlflow", "raw", "raw", "raw"]  # the global provider: there is no other
    assert other.exported == ["GET /b", "mlflow"]


def test_a_proxy_round_a_provider_is_taken_for_it(fresh_process: None, instrument: Instrument) -> None:
    """As logfire's is, whichever comes first."""

    class Proxy(trace_api.TracerProvider):
        def __init__(self) -> None:
            self.provider = TracerProvider()

        def get_tracer(self, *args: Any, **kwargs: Any) -> trace_api.Tracer:
            return self.provider.get_tracer(*args, **kwargs)

        def add_span_processor(self, processor: SpanProcessor) -> None:
            self.provider.add_span_processor(processor)

    trace_api.set_tracer_provider(Proxy())
    app = app_of(work, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        Call(app).run()
    assert shown(traces) == drawn("GET / > mlflow > raw")


def test_uninstrumenting_leaves_no_global_provider_behind(fresh_process: None, application: Application) -> None:
    """The application may set its own then, as if we had never been there."""
    Tracing().shutdown()
    assert isinstance(trace_api.get_tracer_provider(), trace_api.ProxyTracerProvider)
    trace_api.set_tracer_provider(application.provider)
    assert trace_api.get_tracer_provider() is application.provider


def test_uninstrumenting_leaves_the_application_s_provider_in_place(
    fresh_process: None, application: Application
) -> None:
    """With nothing of ours in what it exports."""
    trace_api.set_tracer_provider(application.provider)
    Tracing().shutdown()
    assert trace_api.get_tracer_provider() is application.provider
    with raw("work"):
        pass
    (exported,) = application.exporter.get_finished_spans()
    assert exported.attributes == {}


def test_a_second_life_does_not_inherit_the_first_one_s_provider(fresh_process: None, application: Application) -> None:
    """An explicit provider is forgotten with the tracing that named it."""
    Tracing(tracer_provider=application.provider).shutdown()
    with capture() as traces:
        with span("work"):
            pass
        assert shown(traces) == drawn("work")
    assert application.exported == []


def test_tracers_of_a_first_life_are_gathered_in_a_second(fresh_process: None) -> None:
    """Module variables of libraries live on."""
    with capture():
        tracer = trace_api.get_tracer("a.library")
    with capture() as traces:
        with span("request"), tracer.start_as_current_span("library"):
            pass
        assert shown(traces) == drawn("request > library")


def test_only_complaints_about_another_context_are_silenced(
    traces: CapturedTraces, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything else that OpenTelemetry's context logs is logged."""
    logger = logging.getLogger("opentelemetry.context")
    for message in ("<Token> was created in a different Context", "something else"):
        try:
            raise ValueError(message)
        except ValueError:
            logger.exception("Failed to detach context")
    assert caplog.messages == ["Failed to detach context"]
    assert "something else" in caplog.text


def test_complaints_are_heard_again_when_tracing_is_taken_down(
    fresh_process: None, caplog: pytest.LogCaptureFixture
) -> None:
    """The filter goes with us."""
    Tracing().shutdown()
    assert logging.getLogger("opentelemetry.context").filters == []


def test_ids_do_not_repeat_when_user_code_seeds_random(traces: CapturedTraces) -> None:
    """OpenTelemetry's own generator takes its ids from the module that people seed."""
    import random

    for _ in range(2):
        random.seed(1)
        with raw("work"):
            pass
    assert len({trace.info.trace_id for trace in traces}) == 2


def test_ids_of_the_application_s_provider_do_not_repeat_either(
    fresh_process: None, instrument: Instrument, application: Application
) -> None:
    """Handlers that seed the module for the same answer each time are no reason for one trace of two requests."""
    import random

    trace_api.set_tracer_provider(application.provider)

    def handler() -> float:
        random.seed(42)
        work()
        return random.random()

    app = app_of(handler, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        answers = {Call(app).run().json for _ in range(2)}
        assert shown(traces) == drawn("GET / > mlflow > raw", "GET / > mlflow > raw")
    random.seed(42)
    assert answers == {random.random()}


class OwnIds(IdGenerator):
    """An application's own way to make ids."""

    @override
    @override
    def generate_trace_id(self) -> int:
        return random_bits(128)

    @override
    @override
    def generate_span_id(self) -> int:
        return random_bits(64)


@pytest.mark.parametrize("ids", [RandomIdGenerator(), OwnIds()])
def test_the_application_has_its_ids_back_when_tracing_is_taken_down(fresh_process: None, ids: IdGenerator) -> None:
    """In its provider, and in the tracers that it has handed out; ids of its own making it keeps all the time."""
    provider = TracerProvider(id_generator=ids)
    trace_api.set_tracer_provider(provider)
    tracer: Any = provider.get_tracer("a.library")
    tracing = Tracing()
    assert provider.id_generator is tracer.id_generator
    assert (provider.id_generator is ids) is isinstance(ids, OwnIds)
    tracing.shutdown()
    assert provider.id_generator is tracer.id_generator is ids


# What we lean on in OpenTelemetry that it does not promise: each test says what stops working without it.


def test_private_every_set_tracer_provider_goes_through_one_function(
    fresh_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`trace._set_tracer_provider`: `set_tracer_provider` looks it up at each call, whoever imported that before."""
    calls: list[tuple[object, bool]] = []
    monkeypatch.setattr(trace_api, "_set_tracer_provider", lambda provider, log: calls.append((provider, log)))
    provider = TracerProvider()
    trace_api.set_tracer_provider(provider)
    assert calls == [(provider, True)]


def test_private_set_tracer_provider_takes_what_we_pass_on(fresh_process: None) -> None:
    """`trace._set_tracer_provider(tracer_provider, log)`."""
    assert list(inspect.signature(trace_api._set_tracer_provider).parameters) == ["tracer_provider", "log"]


def test_private_the_global_provider_is_a_module_variable(fresh_process: None) -> None:
    """`trace._TRACER_PROVIDER`: written past the setter, it is what everybody gets, and the setter still takes one."""
    ours, theirs = TracerProvider(), TracerProvider()
    trace_api._TRACER_PROVIDER = ours
    assert trace_api.get_tracer_provider() is ours
    trace_api.set_tracer_provider(theirs)
    assert trace_api.get_tracer_provider() is theirs


def test_private_a_provider_s_processors_are_one_processor(application: Application) -> None:
    """`TracerProvider._active_span_processor`: takes starts and ends, of processors added later too."""
    seen: list[str] = []

    class Later(SimpleSpanProcessor):
        def on_start(self, span: Span, parent_context: object = None) -> None:
            seen.append(f"start {span.name}")

        def on_end(self, span: ReadableSpan) -> None:
            seen.append(f"end {span.name}")

    processors = application.provider._active_span_processor
    application.provider.add_span_processor(Later(application.exporter))
    started = TracerProvider().get_tracer("other").start_span("work")
    assert isinstance(started, Span)
    processors.on_start(started, parent_context=None)
    processors.on_end(started)
    assert seen == ["start work", "end work"]


def test_private_detaching_in_another_context_is_logged_by_this_logger(caplog: pytest.LogCaptureFixture) -> None:
    """`opentelemetry.context` logs a `ValueError` that says so; the filter knows it by these words."""
    from contextvars import copy_context

    from opentelemetry import context as context_api

    token = copy_context().run(context_api.attach, context_api.get_current())
    context_api.detach(token)
    (record,) = caplog.records
    assert record.name == "opentelemetry.context"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)
    assert "different Context" in str(record.exc_info[1])


def test_mlflow_is_not_asked_for_a_provider_of_its_own(traces: CapturedTraces) -> None:
    """MLflow's tracers are of the provider that everybody uses."""
    with span("work"):
        assert trace_api.get_tracer_provider() is mlflow.tracing.provider.provider.get()


def test_exporters_see_a_span_as_they_would_without_us(
    fresh_process: None, instrument: Instrument, application: Application
) -> None:
    """Nothing is added to the application's own spans, whoever asks MLflow about them."""
    trace_api.set_tracer_provider(application.provider)

    seen = []

    def handler() -> None:
        with trace_api.get_tracer("app").start_as_current_span("own", attributes={"a": 1}) as own:
            active = mlflow.get_current_active_span()
            own.add_event("an event")
        assert active is not None
        seen.append(active.trace_id)

    app = app_of(handler, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        Call(app, "GET /").run()
        (trace,) = traces
    (own,) = [span for span in application.exporter.get_finished_spans() if span.name == "own"]
    assert dict(own.attributes or {}) == {"a": 1}
    assert seen == [trace.info.trace_id]


class Foreign(trace_api.TracerProvider):
    """A provider that is not the SDK's, as ddtrace's is not."""

    def get_tracer(self, *_: Any, **__: Any) -> trace_api.Tracer:
        """Open spans that nobody sees."""
        return trace_api.NoOpTracer()


def test_a_provider_whose_spans_nobody_can_see_is_named(
    fresh_process: None, instrument: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    """What is opened with it is missing in MLflow; requests and MLflow's spans are there."""
    trace_api.set_tracer_provider(Foreign())
    app = app_of(work)
    instrument(app)
    with capture() as traces:
        Call(app).run()
    assert shown(traces) == drawn("GET / > mlflow")
    assert [record.message for record in caplog.records if "takes no span processors" in record.message] != []
    assert "test_provider.Foreign" in caplog.text
