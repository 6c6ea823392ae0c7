"""MLflow's fluent API, on the tracer provider that everybody shares, in the trace that is being gathered."""

from __future__ import annotations

import contextvars
import dataclasses
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import mlflow.tracing.provider
import pytest
from mlflow.entities import LiveSpan, SpanStatusCode, SpanType, TraceState, model_registry
from mlflow.entities.span import NoOpSpan
from mlflow.tracing.trace_manager import InMemoryTraceManager, _Trace
from opentelemetry import trace as trace_api
from opentelemetry.context import Context
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import otel_mlflow
from otel_mlflow import Tracing
from otel_mlflow.spans.mlflow.trace_manager import BridgedTraceManager
from otel_mlflow.testing import CapturedTraces, capture
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.spans.test_trace import start, state_of
from tests.unit.trees import drawn, shown, spans_of

mlflow_provider: Any = mlflow.tracing.provider
mlflow_tracing: Any = mlflow.tracing

# By MLflow's own type hints, these cannot be made.
Link: Any = getattr(mlflow.entities, "Link", None)
PromptVersion: Any = model_registry.PromptVersion
SpanEvent: Any = mlflow.entities.SpanEvent


def manager() -> Any:
    """Where MLflow looks for traces and spans."""
    get_instance: Any = InMemoryTraceManager.get_instance
    return get_instance()


def served(instrument: Instrument, handler: Callable[..., Any], **settings: Any) -> Call:
    """Make one request to an instrumented application with this handler."""
    app = app_of(handler)
    instrument(app, **settings)
    return Call(app).run()


def test_what_is_set_on_a_span_arrives(traces: CapturedTraces) -> None:
    """Inputs, outputs, type, attributes of any shape, events and status."""
    with mlflow.start_span("work", span_type=SpanType.TOOL, attributes={"early": [1, 2]}) as opened:
        opened.set_inputs({"question": "?"})
        opened.set_attribute("nested", {"a": {"b": [True, None]}})
        opened.add_event(SpanEvent("noticed", attributes={"n": 1}))
        opened.set_outputs(["!"])
        opened.set_status("ERROR")
    work = spans_of(traces[0])["work"]
    assert (work.span_type, work.inputs, work.outputs) == ("TOOL", {"question": "?"}, ["!"])
    assert work.attributes["early"] == [1, 2]
    assert work.attributes["nested"] == {"a": {"b": [True, None]}}
    assert [(event.name, event.attributes) for event in work.events] == [("noticed", {"n": 1})]
    assert work.status.status_code == SpanStatusCode.ERROR


def test_an_open_span_can_be_asked_what_was_set_on_it(traces: CapturedTraces) -> None:
    """MLflow's getters answer from the span itself."""
    with span("outer") as outer, span("work") as work:
        work.set_inputs({"question": "?"})
        assert (work.name, work.inputs, work.parent_id) == ("work", {"question": "?"}, outer.span_id)
        assert work.trace_id == outer.trace_id


@pytest.mark.skipif(Link is None, reason="needs an MLflow with span links")
def test_links_of_mlflow_arrive(traces: CapturedTraces) -> None:
    """To a span of another trace."""
    other = Link(trace_id=f"tr-{5:032x}", span_id=f"{6:016x}")
    with span("work") as work:
        work.add_link(other)
    (link,) = spans_of(traces[0])["work"].links
    assert (link.trace_id, link.span_id) == (other.trace_id, other.span_id)


def test_a_span_of_another_library_is_mlflow_s_active_span_too(traces: CapturedTraces) -> None:
    """`mlflow.get_current_active_span()` inside an OpenTelemetry span: what MLflow sets on it is MLflow's."""
    with raw("work") as work:
        work.set_attribute("theirs", "[1]")
        active = mlflow.get_current_active_span()
        assert active is not None
        active.set_attribute("ours", [1])
    arrived = spans_of(traces[0])["work"].attributes
    assert (arrived["theirs"], arrived["ours"]) == ([1], [1])


def test_there_is_no_active_span_outside_all(traces: CapturedTraces) -> None:
    """As in plain MLflow."""
    assert mlflow.get_current_active_span() is None


def test_the_request_s_own_span_is_active_in_the_handler(traces: CapturedTraces, instrument: Instrument) -> None:
    """Attributes set through MLflow are on the trace's root."""

    def handler() -> None:
        active = mlflow.get_current_active_span()
        assert active is not None
        active.set_attribute("from", "the handler")

    served(instrument, handler)
    assert spans_of(traces[0])["GET /"].attributes["from"] == "the handler"


@pytest.mark.skipif(
    "session_id" not in inspect.signature(mlflow.update_current_trace).parameters,
    reason="this MLflow's function takes no session and user",
)
def test_update_current_trace_speaks_of_the_request_s_trace(traces: CapturedTraces, instrument: Instrument) -> None:
    """All that it takes, from any depth."""

    def handler() -> None:
        with span("work"):
            mlflow.update_current_trace(
                tags={"tag": "1"},
                metadata={"metadata": "2"},
                client_request_id="three",
                request_preview="asked",
                response_preview="answered",
                state="ERROR",
                session_id="session",
                user="user",
            )

    served(instrument, handler)
    info = traces[0].info
    assert info.tags["tag"] == "1"
    assert info.trace_metadata["metadata"] == "2"
    assert (info.client_request_id, info.request_preview, info.response_preview) == ("three", "asked", "answered")
    assert info.state == TraceState.ERROR
    assert info.trace_metadata["mlflow.trace.session"] == "session"
    assert info.trace_metadata["mlflow.trace.user"] == "user"


def test_a_tag_set_by_trace_id_needs_no_server_while_the_trace_is_here(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """Set and deleted."""

    def handler() -> None:
        trace_id = mlflow.get_active_trace_id()
        assert trace_id is not None
        for key in ("kept", "deleted"):
            mlflow.set_trace_tag(trace_id, key, "1")
        mlflow.delete_trace_tag(trace_id, "deleted")

    served(instrument, handler)
    assert "kept" in traces[0].info.tags
    assert "deleted" not in traces[0].info.tags


def test_a_tag_that_was_set_through_us_can_be_deleted_by_mlflow(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """Its client looks for the tag on the open trace, and raises where it is not."""

    def handler() -> None:
        otel_mlflow.current_trace().set_tags({"deleted": "1"})
        trace_id = mlflow.get_active_trace_id()
        assert trace_id is not None
        mlflow.delete_trace_tag(trace_id, "deleted")

    served(instrument, handler)
    assert "deleted" not in traces[0].info.tags


def test_a_trace_is_told_after_the_answer_what_is_said_of_it_late(traces: CapturedTraces, tracking_store: str) -> None:
    """A tag set when the trace was handed over already is sent after it."""
    root = start("root")
    trace_id = state_of(root).trace.identity.mlflow_trace_id
    root.end()
    assert "late" not in traces[0].info.tags
    mlflow.set_trace_tag(trace_id, "late", "1")
    assert traces[0].info.tags["late"] == "1"


def test_decorated_functions_are_traced(traces: CapturedTraces) -> None:
    """`@mlflow.trace` with inputs, outputs and exceptions."""

    @mlflow.trace
    def halve(number: int) -> int:
        if number % 2:
            raise ValueError(number)
        return number // 2

    with span("request"):
        halve(4)
        with pytest.raises(ValueError, match="3"):
            halve(3)
    assert shown(traces) == drawn("request > [halve, halve!]")
    whole, broken = (found for found in traces[0].data.spans if found.name == "halve")
    assert (whole.inputs, whole.outputs) == ({"number": 4}, 2)
    assert broken.events[0].name == "exception"


def test_spans_without_context_hang_where_they_are_told(traces: CapturedTraces) -> None:
    """`start_span_no_context`, with a parent or under what is current; it makes nothing current."""
    with span("request") as request:
        detached = mlflow.start_span_no_context("detached", inputs=1)
        with raw("beside"):
            pass
        mlflow.start_span_no_context("below", parent_span=detached).end()
        detached.end()
        mlflow.start_span_no_context("told", parent_span=request).end()
    assert shown(traces) == drawn("request > [detached > below, beside, told]")


def test_the_client_s_spans_hang_where_they_are_told(traces: CapturedTraces, tracking_store: str) -> None:
    """`MlflowClient.start_span`, by trace and span id."""
    client = mlflow.MlflowClient()
    with span("request") as request:
        child = client.start_span("child", request.trace_id, parent_id=request.span_id)
        client.end_span(child.trace_id, child.span_id, outputs="done")
    assert shown(traces) == drawn("request > child")
    assert spans_of(traces[0])["child"].outputs == "done"


def test_the_client_ends_a_trace_by_its_id(traces: CapturedTraces, tracking_store: str) -> None:
    """`MlflowClient.start_trace` outside a request."""
    client = mlflow.MlflowClient()
    root = client.start_trace("whole", inputs={"a": 1})
    client.end_trace(root.trace_id, outputs="done")
    assert shown(traces) == drawn("whole")


def test_a_prompt_that_is_used_is_linked_to_the_trace(traces: CapturedTraces) -> None:
    """`mlflow.genai.load_prompt` registers it with the active trace."""
    with span("request") as request:
        manager().register_prompt(request.trace_id, PromptVersion("greeting", 3, "Hello"))
    assert '"greeting"' in traces[0].info.tags["mlflow.linkedPrompts"]


@pytest.mark.skipif(not hasattr(mlflow_tracing, "context"), reason="this MLflow has no scopes")
def test_what_is_off_by_mlflow_s_own_context_manager_leaves_no_span(traces: CapturedTraces) -> None:
    """`mlflow.tracing.context(enabled=False)`."""
    with span("request"):
        with mlflow.tracing.context(enabled=False), span("off"):
            pass
        with span("on"):
            pass
    assert shown(traces) == drawn("request > on")


def test_tracing_disabled_and_enabled_in_the_middle_of_a_request(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """MLflow's spans pause; the trace, and the spans of other libraries, stay."""

    def handler() -> None:
        with span("before"):
            pass
        mlflow.tracing.disable()
        with span("off") as off, raw("raw"):
            assert isinstance(off, NoOpSpan)
        mlflow.tracing.enable()
        with span("after"):
            pass

    served(instrument, handler)
    assert shown(traces) == drawn("GET / > [before, raw, after]")


def test_reset_in_the_middle_of_a_request_changes_nothing(traces: CapturedTraces, instrument: Instrument) -> None:
    """`mlflow.tracing.reset()`: it would forget the provider, the global one at that."""

    def handler() -> None:
        with span("before"):
            mlflow_tracing.reset()
            with raw("raw"):
                pass
        with span("after"):
            pass

    served(instrument, handler)
    assert shown(traces) == drawn("GET / > [before > raw, after]")


def test_functions_for_which_mlflow_switches_tracing_off_leave_no_spans(traces: CapturedTraces) -> None:
    """`trace_disabled`, which MLflow puts round its own evaluation, swaps providers."""

    def quiet() -> None:
        with span("off"):
            pass

    with span("request"):
        mlflow_provider.trace_disabled(quiet)()
        with span("on"):
            pass
    assert shown(traces) == drawn("request > on")


def test_set_tracking_uri_in_the_middle_of_a_request_changes_nothing(
    traces: CapturedTraces, instrument: Instrument, tmp_path: Path
) -> None:
    """MLflow resets tracing then, and in shared mode forgets the global provider."""

    def handler() -> None:
        with span("before"):
            mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'other.db'}")
            with raw("raw"):
                pass
        with span("after"):
            pass

    served(instrument, handler)
    assert shown(traces) == drawn("GET / > [before > raw, after]")


def test_set_experiment_in_the_middle_of_a_request_changes_nothing(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """It is process-wide in MLflow: the trace goes where the settings say."""

    def handler() -> None:
        with span("before"):
            mlflow.set_experiment("of one user")
            with raw("raw"):
                pass
        with span("after"):
            pass

    served(instrument, handler)
    assert shown(traces) == drawn("GET / > [before > raw, after]")


def test_set_destination_changes_nothing(traces: CapturedTraces, instrument: Instrument) -> None:
    """MLflow would replace the provider with one that exports there."""
    from mlflow.entities.trace_location import MlflowExperimentLocation

    def handler() -> None:
        with span("before"):
            mlflow.tracing.set_destination(MlflowExperimentLocation("7"))
            with raw("raw"):
                pass

    served(instrument, handler)
    assert shown(traces) == drawn("GET / > before > raw")


@pytest.mark.skipif(not hasattr(mlflow_provider, "mlflow_runtime_context"), reason="this MLflow has none")
def test_mlflow_s_own_context_may_be_left_in_another_task(traces: CapturedTraces) -> None:
    """Its processor for Semantic Kernel leaves it where a span ends, and would raise into whoever ends it there."""
    own_context = mlflow_provider.mlflow_runtime_context
    token = contextvars.copy_context().run(own_context.attach, Context())
    own_context.detach(token)


def test_mlflow_is_itself_again_when_tracing_is_taken_down(fresh_process: None) -> None:
    """Everything that was put in place of something of MLflow's is gone."""

    def of_mlflow() -> list[object]:
        return [
            mlflow_provider.provider,
            mlflow_provider._initialize_tracer_provider,
            mlflow_provider.MLFLOW_USE_DEFAULT_TRACER_PROVIDER,
            InMemoryTraceManager._instance,
        ]

    before = of_mlflow()
    tracing = Tracing()
    assert all(ours is not theirs for ours, theirs in zip(of_mlflow(), before, strict=True))
    tracing.shutdown()
    assert all(now is then for now, then in zip(of_mlflow(), before, strict=True))


@pytest.mark.parametrize("trace_id", ["tr-zzzz", f"tr-{'z' * 32}", "trace:/catalog.schema/abc", "", "7" * 32, None])
def test_traces_of_others_are_left_to_mlflow(traces: CapturedTraces, trace_id: Any) -> None:
    """Ids that are not ours, or not ids at all, are not found, as in plain MLflow."""
    assert manager().get_span_from_id(trace_id, f"{1:016x}") is None
    assert manager().get_root_span_id(trace_id) is None
    with manager().get_trace(trace_id) as trace:
        assert trace is None


@pytest.mark.parametrize("limits", [{"max_span_attribute_length": 40}, {"max_span_attributes": 4}])
def test_limits_of_the_application_s_provider_are_for_its_own_exporters(
    fresh_process: None, instrument: Instrument, limits: dict[str, int]
) -> None:
    """MLflow has what it would have without us; they see as much as the limits say."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(span_limits=SpanLimits(**limits))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_api.set_tracer_provider(provider)
    question = {"messages": [{"role": "user", "content": "x" * 100}]}

    def handler() -> bool:
        with mlflow.start_span("work", span_type=SpanType.TOOL, attributes={"a": "b" * 50}) as work:
            work.set_inputs(question)
            work.set_outputs(["y" * 100])
            return bool(work.inputs == question)

    app = app_of(handler, telemetry={"tracing": False})
    instrument(app)
    with capture() as traces:
        assert Call(app).run().json is True
        work = spans_of(traces[0])["work"]
    assert (work.span_type, work.inputs, work.outputs) == ("TOOL", question, ["y" * 100])
    assert work.attributes["a"] == "b" * 50
    (exported,) = [each for each in exporter.get_finished_spans() if each.name == "work"]
    attributes = exported.attributes or {}
    assert len(attributes) <= limits.get("max_span_attributes", 128)
    assert all(len(str(value)) <= limits.get("max_span_attribute_length", 1000) for value in attributes.values())


def test_a_trace_that_mlflow_began_before_is_handed_to_its_exporter(fresh_process: None) -> None:
    """Which asks for it, and takes it away, through whichever manager there is."""
    earlier, trace_id = manager(), f"tr-{7:032x}"
    location = mlflow.entities.trace_location.TraceLocation.from_experiment_id("0")
    earlier.register_trace(7, mlflow.entities.TraceInfo(trace_id, location, 0, TraceState.IN_PROGRESS))
    tracing = Tracing()
    with manager().get_trace(trace_id) as trace:
        assert trace.info.trace_id == trace_id
    assert manager().pop_trace(7).trace.info.trace_id == trace_id
    assert earlier.pop_trace(7) is None
    tracing.shutdown()


def test_mlflow_sees_the_whole_open_trace(traces: CapturedTraces) -> None:
    """MLflow's own code walks through the spans of an open trace, whoever opened them."""
    with span("request") as request, raw("raw"):
        with manager().get_trace(request.trace_id) as trace:
            assert trace is not None
            assert [live.name for live in trace.span_dict.values()] == ["request", "raw"]
            assert trace.get_root_span() is request
        assert manager().get_root_span_id(request.trace_id) == request.span_id


# What we lean on in MLflow that it does not promise: each test says what stops working without it.


def test_private_the_provider_wrapper_has_the_methods_that_ours_stands_in_for(traces: CapturedTraces) -> None:
    """`mlflow.tracing.provider.provider`: a method that ours lacks would be called on it."""
    methods = {name for name in vars(mlflow_provider._TracerProviderWrapper) if not name.startswith("__")}
    assert methods - {"_retire_current_batch_processors"} <= set(dir(mlflow_provider.provider))


@pytest.mark.parametrize("name", ["get", "set", "get_or_init_tracer", "reset"])
def test_private_the_provider_wrapper_s_methods_take_what_ours_take(traces: CapturedTraces, name: str) -> None:
    """By position, and under the same number."""
    theirs, ours = (
        list(inspect.signature(getattr(owner, name)).parameters)
        for owner in (mlflow_provider._TracerProviderWrapper, type(mlflow_provider.provider))
    )
    assert ours == theirs


def test_private_all_of_mlflow_s_tracers_come_from_the_wrapper(traces: CapturedTraces) -> None:
    """`provider.get_or_init_tracer`, looked up in the module at each call."""
    source = inspect.getsource(mlflow_provider._get_tracer)
    assert "provider.get_or_init_tracer(" in source


def test_private_mlflow_sets_its_provider_up_by_this_function() -> None:
    """`_initialize_tracer_provider(disabled=False)`: ours takes the same, and adds no processor of MLflow's."""
    parameters = inspect.signature(mlflow_provider._initialize_tracer_provider).parameters
    assert [(name, parameter.default) for name, parameter in parameters.items()] == [("disabled", False)]


def test_private_mlflow_uses_opentelemetry_s_context_when_it_shares_the_provider(traces: CapturedTraces) -> None:
    """`MLFLOW_USE_DEFAULT_TRACER_PROVIDER.get()`, read in the module at each call."""
    assert mlflow_provider.MLFLOW_USE_DEFAULT_TRACER_PROVIDER.get() is False
    if hasattr(mlflow_provider, "get_current_context"):
        assert mlflow_provider.get_current_context() is None


def test_private_the_trace_manager_is_a_singleton_that_can_be_replaced(traces: CapturedTraces) -> None:
    """`InMemoryTraceManager._instance` is what `get_instance()` returns."""
    assert isinstance(manager(), BridgedTraceManager)


def test_private_the_trace_manager_has_no_methods_that_we_do_not_know() -> None:
    """A new one would look for traces where they are not."""
    methods = {name for name in vars(InMemoryTraceManager) if not name.startswith("_")}
    known = {"get_root_span_id", "get_span_from_id", "get_trace", "register_prompt", "register_span"}
    not_for_ours = {"get_instance", "get_mlflow_trace_id_from_otel_id", "has_open_spans", "pop_trace", "reset"}
    assert methods <= known | not_for_ours | {"set_trace_metadata", "register_trace"}
    assert known <= {name for name in vars(BridgedTraceManager) if not name.startswith("_")}


def test_private_mlflow_s_view_of_a_trace_is_made_of_info_and_spans() -> None:
    """`_Trace(info, span_dict)`, all else having defaults."""
    fields = dataclasses.fields(_Trace)
    assert [field.name for field in fields][:2] == ["info", "span_dict"]
    assert not [field.name for field in fields[2:] if _has_no_default(field)]


def _has_no_default(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def test_private_a_live_span_has_the_attributes_that_ours_has(traces: CapturedTraces) -> None:
    """Ours is made without MLflow's constructor, which writes to the span: an attribute more would be missing."""
    theirs = LiveSpan(TracerProvider().get_tracer("a.library").start_span("work"), "tr-1")
    with span("work") as ours:
        assert set(vars(theirs)) <= set(vars(ours))


def test_private_attributes_are_written_through_the_registry(traces: CapturedTraces) -> None:
    """`_SpanAttributesRegistry.set`: by it we know what MLflow wrote as JSON."""
    with span("work") as work:
        work.set_attribute("number", 1)
        work.set_attributes({"text": "one"})
        work.set_span_type(SpanType.TOOL)
        assert {"number", "text", "mlflow.spanType"} <= set(state_of(work._span).json_keys)  # type: ignore[arg-type]


def test_private_the_fluent_api_finds_spans_by_this_attribute(traces: CapturedTraces) -> None:
    """`mlflow.traceRequestId`, as JSON."""
    with raw("work") as work:
        attributes: Any = work.attributes  # type: ignore[attr-defined]
        assert attributes["mlflow.traceRequestId"] == f'"{mlflow.get_active_trace_id()}"'


def test_the_environment_is_not_written_to(traces: CapturedTraces) -> None:
    """Other processes that this one starts keep MLflow's own defaults."""
    with span("work"):
        pass
    assert [name for name in os.environ if name.startswith("MLFLOW_")] == []
