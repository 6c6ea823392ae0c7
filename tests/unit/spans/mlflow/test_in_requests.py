"""MLflow's functions in the handlers of an instrumented application, where there are many callers at once."""

from __future__ import annotations

import asyncio
import contextvars
import json
import random
from importlib.util import find_spec
from typing import Any

import mlflow
import mlflow.tracing
import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt
from mlflow.entities import SpanStatusCode
from mlflow.entities.span import create_mlflow_span
from mlflow.entities.trace_location import MlflowExperimentLocation
from mlflow.tracing.trace_manager import InMemoryTraceManager
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import TracerProvider

from otel_mlflow.backends.experiments import experiment_by_id
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.mlflow import runs
from otel_mlflow.testing import CapturedTraces
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.spans.test_trace import start
from tests.unit.trees import drawn, shown, spans_of

fluent: Any = mlflow.tracing.fluent
tracing: Any = mlflow.tracing
needs_scopes = pytest.mark.skipif(not hasattr(mlflow.tracing, "context"), reason="this MLflow has no scopes")
manager_class: Any = InMemoryTraceManager
CALLERS = 20


def test_each_of_many_callers_gets_its_own_last_trace(traces: CapturedTraces, instrument: Instrument) -> None:
    """Also where others have ended theirs in between."""
    ids: dict[str, str | None] = {}

    async def handler(name: str) -> str:
        with span("answer") as answer:
            answer.set_inputs(name)
        await asyncio.sleep(0)
        ids[name] = mlflow.get_last_active_trace_id()
        assert mlflow.get_last_active_trace_id(thread_local=True) == ids[name]
        return name

    app = app_of(handler)
    instrument(app)

    async def calls() -> None:
        await asyncio.gather(*(Call(app, f"GET /?name={number}").made() for number in range(CALLERS)))

    asyncio.run(calls())
    answered = {str(spans_of(trace)["answer"].inputs): trace.info.trace_id for trace in traces}
    assert ids == answered
    assert len(ids) == CALLERS


@needs_scopes
def test_a_scope_round_the_application_is_its_traces_scope(traces: CapturedTraces, instrument: Instrument) -> None:
    """`mlflow.tracing.context()` in a middleware outside ours."""
    app = app_of(lambda: "answer")
    instrument(app)
    with tracing.context(session_id="s", user="ada", tags={"tenant": "acme"}, metadata={"m": "1"}):
        Call(app).run()
    info = traces[0].info
    assert (info.trace_metadata["mlflow.trace.session"], info.trace_metadata["mlflow.trace.user"]) == ("s", "ada")
    assert (info.tags["tenant"], info.trace_metadata["m"]) == ("acme", "1")


@needs_scopes
def test_a_scope_round_langchain_reaches_the_trace(traces: CapturedTraces, instrument: Instrument) -> None:
    """Autologged runs are MLflow's roots, too."""

    def handler() -> None:
        with tracing.context(session_id="chain's"):
            RunnableLambda(lambda text: text).invoke("?")

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    assert traces[0].info.trace_metadata["mlflow.trace.session"] == "chain's"


def test_span_processors_reach_every_span(traces: CapturedTraces, instrument: Instrument) -> None:
    """The request's own, its inputs and outputs, and raw OpenTelemetry spans."""

    def mask(masked: Any) -> None:
        for side in ("inputs", "outputs"):
            if (value := getattr(masked, side)) is not None:
                getattr(masked, f"set_{side}")(json.loads(json.dumps(value).replace("ada@example.com", "[MAIL]")))
        for key, value in masked.attributes.items():
            if isinstance(value, str) and "ada@" in value:
                masked.set_attribute(key, value.replace("ada@example.com", "[MAIL]"))

    def handler() -> dict[str, str]:
        with raw("raw") as other:
            other.set_attribute("mail", "ada@example.com")
        return {"to": "ada@example.com"}

    app = app_of(handler)
    instrument(app)
    with tracing.configure(span_processors=[mask]):
        Call(app).run()
    assert spans_of(traces[0])["GET /"].outputs == {"to": "[MAIL]"}
    assert spans_of(traces[0])["raw"].attributes["mail"] == "[MAIL]"
    assert "ada@example.com" not in str(traces[0].to_dict())


def test_showing_spans_to_span_processors_draws_nothing_from_random(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """It happens on a thread of ours, while the application may draw what it has seeded."""
    app = app_of(lambda: "answer")
    instrument(app)
    shown: list[object] = []
    with tracing.configure(span_processors=[shown.append]):
        Call(app).run()
    before = random.getstate()
    assert len(traces) == 1
    assert shown
    assert random.getstate() == before


@pytest.mark.skipif(find_spec("mlflow.tracing.sampling") is None, reason="this MLflow has no overrides")
@pytest.mark.parametrize(("ratio", "tree"), [(0.0, "GET / > raw"), (1.0, "GET / > [work > inner, raw]")])
def test_a_sampling_override_decides_about_what_mlflow_takes_for_a_root(
    traces: CapturedTraces, instrument: Instrument, ratio: float, tree: str
) -> None:
    """With all of MLflow's below it."""
    trace: Any = mlflow.trace

    def work() -> None:
        with span("inner"):
            pass

    def handler() -> None:
        trace(work, sampling_ratio_override=ratio)()
        with raw("raw"):
            pass

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    assert shown(traces) == drawn(tree)


@pytest.mark.skipif(
    not hasattr(tracing, "get_tracing_context_headers_for_http_request"), reason="this MLflow has no such headers"
)
def test_what_is_opened_below_headers_in_the_caller_s_process_is_below_the_caller(traces: CapturedTraces) -> None:
    """Whoever opens it: MLflow says that user code has asked for it."""
    with span("caller"):
        headers = tracing.get_tracing_context_headers_for_http_request()
    with tracing.set_tracing_context_from_http_request_headers(headers):
        with raw("called"), span("inner"):
            pass
        with span("called too"):
            pass
    with raw("after"):
        pass
    assert shown(traces) == drawn("caller > [called > inner, called too]", "after")


@pytest.mark.skipif(
    not hasattr(tracing, "get_tracing_context_headers_for_http_request"), reason="this MLflow has no such headers"
)
def test_what_is_opened_below_headers_in_the_caller_s_request_is_below_the_caller(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """Where the trace of the request has another id than OpenTelemetry's, for its caller has sent that, too."""

    def handler() -> None:
        with span("caller"):
            headers = tracing.get_tracing_context_headers_for_http_request()
        with tracing.set_tracing_context_from_http_request_headers(headers), raw("called"), span("inner"):
            pass

    app = app_of(handler)
    instrument(app)
    Call(app, headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}).run()
    assert shown(traces) == drawn("GET / > caller > called > inner")


def test_a_destination_of_one_request_is_not_another_s(fresh_process: None, instrument: Instrument) -> None:
    """`set_destination(context_local=True)`: each request's trace goes where its user keeps traces."""

    async def handler(experiment: str) -> str:
        tracing.set_destination(MlflowExperimentLocation(experiment), context_local=True)
        await asyncio.sleep(0)
        with span("work"):
            await asyncio.sleep(0)
        return experiment

    app = app_of(handler)
    instrument(app)
    delivery = MemoryDelivery()

    async def calls() -> None:
        # A task each, as a server makes them: so each has a context of its own.
        await asyncio.gather(*(Call(app, f"GET /?experiment={number}").made() for number in (7, 8)))

    with BRIDGE.diverted_to(delivery):
        asyncio.run(calls())
        delivery.traces()
    chosen = {record.experiment for records in delivery._records.values() for record in records}
    assert chosen == {experiment_by_id("7"), experiment_by_id("8")}


def test_a_function_s_destination_is_the_request_s(
    fresh_process: None, instrument: Instrument, caplog: pytest.LogCaptureFixture
) -> None:
    """As MLflow alone has it; the second that names another is ignored, and MLflow says so."""

    @mlflow.trace(trace_destination=MlflowExperimentLocation("7"))
    def work() -> None:
        with span("inner"):
            pass

    @mlflow.trace(trace_destination=MlflowExperimentLocation("8"))
    def more() -> None:
        work()

    def handler() -> None:
        work()
        more()

    app = app_of(handler)
    instrument(app)
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        Call(app).run()
        traces = delivery.traces()
    assert {record.experiment for records in delivery._records.values() for record in records} == {
        experiment_by_id("7")
    }
    assert shown(traces) == drawn("GET / > [work > inner, more > work > inner]")
    warnings = [text for text in caplog.messages if "can only be used for root spans" in text]
    assert [name for name in ("`work`", "`more`") if name in "".join(warnings)] == ["`more`"]


def test_autologging_that_user_code_switches_off_is_off(traces: CapturedTraces, instrument: Instrument) -> None:
    """`mlflow.langchain.autolog(disable=True)`, and on again."""

    def handler() -> None:
        mlflow.langchain.autolog(disable=True, silent=True)
        RunnableLambda(lambda text: text, name="off").invoke("?")
        mlflow.langchain.autolog(silent=True)
        RunnableLambda(lambda text: text, name="on").invoke("?")

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    assert shown(traces) == drawn("GET / > on")


def test_a_graph_that_waits_for_a_person_is_no_error(traces: CapturedTraces) -> None:
    """LangGraph leaves its nodes with an exception then, and tells callbacks of an error."""

    def ask(_: str) -> str:
        raise GraphInterrupt([Interrupt(value="may I?", id="1")])

    with span("request"), pytest.raises(GraphInterrupt):
        RunnableLambda(ask, name="ask").invoke("?")
    paused = spans_of(traces[0])["ask"]
    assert paused.status.status_code == SpanStatusCode.OK
    assert paused.outputs == {"__interrupt__": ["may I?"]}


def test_a_run_goes_with_the_traces_before_their_experiment_is_known(
    fresh_process: None, instrument: Instrument, tracking_store: str
) -> None:
    """Found by its name, or made."""
    app = app_of(lambda: "answer")
    instrument(app, tracking_uri=tracking_store, experiment_name="named, not known")
    with mlflow.start_run() as run:
        pass
    assert mlflow.get_experiment(run.info.experiment_id).name == "named, not known"


def test_a_run_that_a_request_leaves_open_is_ended_with_its_trace(
    fresh_process: None, instrument: Instrument, tracking_store: str
) -> None:
    """The trace waits for it, and says in its info which run to end and how."""

    def handler() -> str:
        return str(mlflow.start_run().info.run_id)

    app = app_of(handler)
    instrument(app, tracking_uri=tracking_store)
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        run_id = Call(app).run().json
        (trace,) = delivery.traces()
    infos = [json.loads(record.info) for record in delivery._records[trace.info.trace_id] if record.info]
    assert [info["open_runs"][run_id]["status"] for info in infos] == ["FINISHED"]
    assert runs.REQUEST_TRACE.get() is None


def test_attachments_travel_with_the_trace(fresh_process: None, instrument: Instrument) -> None:
    """What the references name is handed to delivery."""
    attachments = pytest.importorskip("mlflow.tracing.attachments")

    payloads: list[bytes] = []

    class Kept(MemoryDelivery):
        def put_feedback(self, trace_id: str, payload: bytes) -> bool:
            payloads.append(payload)
            return True

    def handler() -> None:
        with span("vision") as vision:
            vision.set_inputs({"image": attachments.Attachment(content_type="image/png", content_bytes=b"PNG")})
            vision.set_outputs({"b64_json": "UE5H"})

    app = app_of(handler)
    instrument(app)
    delivery = Kept()
    with BRIDGE.diverted_to(delivery):
        Call(app).run()
        (trace,) = delivery.traces()
    sent = [json.loads(payload)["attachment"] for payload in payloads]
    assert [each["content"] for each in sent] == ["UE5H", "UE5H"]
    assert all(each["id"] in str(spans_of(trace)["vision"].to_dict()) for each in sent)


@pytest.mark.skipif(not hasattr(fluent, "create_mlflow_span"), reason="this MLflow has no other library's active span")
def test_more_of_a_trace_may_be_opened_by_ids_when_it_is_over(traces: CapturedTraces, tracking_store: str) -> None:
    """LiteLLM tells MLflow of a call in the background, under the span that is current there, with the client."""
    root = start("root")
    with trace_api.use_span(root):
        root.end()
        assert len(traces) == 1
        active = mlflow.get_current_active_span()
        assert active is not None
        late = mlflow.MlflowClient().start_span("late", trace_id=active.trace_id, parent_id=active.span_id)
        late.end()
    assert shown(traces) == drawn("root > late")


def test_nor_does_it_matter_who_has_opened_the_span_above(traces: CapturedTraces, tracking_store: str) -> None:
    """MLflow's own span may be over, too."""
    with mlflow.start_span("root") as root:
        copied = contextvars.copy_context()
    assert len(traces) == 1

    def later() -> None:
        client = mlflow.MlflowClient()
        client.start_span("late", trace_id=root.trace_id, parent_id=root.span_id).end()

    copied.run(later)
    assert shown(traces) == drawn("root > late")


def test_a_span_that_mlflow_s_processor_sees_before_ours_is_no_error(traces: CapturedTraces) -> None:
    """MLflow's Haystack registers what it sees at a tracer provider, and finds it again by its id."""
    manager = manager_class.get_instance()
    foreign = TracerProvider().get_tracer("a.library").start_span("not ours yet")
    manager.register_span(create_mlflow_span(foreign, "tr-" + "1" * 32))
    root = start("root")
    found = manager.get_span_from_id(None, f"{root.get_span_context().span_id:016x}")
    assert found is not None
    assert found.name == "root"
    root.end()
    assert shown(traces) == drawn("root")
