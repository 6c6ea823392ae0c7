"""Going on in a request's trace after, or outside, the request that ordered the work."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import mlflow
import pytest
from mlflow.entities import SpanStatusCode
from opentelemetry import baggage
from opentelemetry import context as context_api
from opentelemetry import trace as trace_api
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import use_span

from otel_mlflow import continued, current_trace
from otel_mlflow.content import REDACTED
from otel_mlflow.spans import registry
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.testing import CapturedTraces, capture
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.servers.process import until
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.trees import drawn, shown, spans_of


def carrier_of_a_request(instrument: Instrument, **settings: Any) -> dict[str, str]:
    """What a handler took along from inside a span, which is over now like the request."""
    taken: dict[str, str] = {}

    def handler() -> None:
        with span("order"):
            taken.update(current_trace().carrier())

    app = app_of(handler)
    instrument(app, **settings)
    Call(app).run()
    return taken


def forget(trace_id: str) -> None:
    """Be as another process; the thread of a handler lets go of the trace a little after the response."""
    registry.forget_kept()
    until(
        lambda: (
            gc.collect() >= 0 and trace_id not in {each.identity.mlflow_trace_id for each in registry.open_traces()}
        ),
        seconds=30,
        waiting_for=lambda: f"{trace_id} to be forgotten",
    )


def work(carrier: dict[str, str]) -> None:
    """The job that was ordered."""
    with continued(carrier, "job"), raw("query"):
        pass


def test_a_job_is_under_the_span_that_was_current_when_it_was_ordered(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """In the request's trace."""
    work(carrier_of_a_request(instrument))
    assert shown(traces) == drawn("GET / > order > job > query")


def test_it_does_not_matter_how_much_later(traces: CapturedTraces, instrument: Instrument) -> None:
    """Nothing is left of the trace in this process."""
    carrier = carrier_of_a_request(instrument)
    assert shown(traces) == drawn("GET / > order")
    gc.collect()
    work(carrier)
    assert shown(traces) == drawn("GET / > order > job > query")


def test_it_does_not_matter_in_which_thread(traces: CapturedTraces, instrument: Instrument) -> None:
    """Without any context of the request's."""
    thread = threading.Thread(target=work, args=[carrier_of_a_request(instrument)])
    thread.start()
    thread.join()
    assert shown(traces) == drawn("GET / > order > job > query")


def test_it_does_not_matter_in_which_request(traces: CapturedTraces, instrument: Instrument) -> None:
    """A worker may be called by HTTP: the job is the first request's, all else the second's."""
    carrier = carrier_of_a_request(instrument)

    def handler() -> None:
        with span("before"):
            pass
        work(carrier)
        with span("after"):
            pass

    app = app_of(handler, "/worker")
    instrument(app)
    Call(app, "GET /worker").run()
    assert shown(traces) == drawn("GET / > order > job > query", "GET /worker > [before, after]")


def test_a_job_orders_jobs_in_its_turn(traces: CapturedTraces, instrument: Instrument) -> None:
    """`current_trace()` is the request's inside the job."""
    carrier = carrier_of_a_request(instrument)
    with continued(carrier, "job"):
        assert current_trace().id == traces[0].info.trace_id
        further = current_trace().carrier()
    work(further)
    assert shown(traces) == drawn("GET / > order > job > job > query")


def test_a_carrier_is_text_that_can_be_sent_anywhere(traces: CapturedTraces, instrument: Instrument) -> None:
    """W3C trace context headers: a queue may make JSON of them."""
    carrier = carrier_of_a_request(instrument)
    assert set(carrier) == {"traceparent", "tracestate"}
    work(json.loads(json.dumps(carrier)))
    assert shown(traces) == drawn("GET / > order > job > query")


@pytest.mark.parametrize("carrier", [None, 7, "a text", ["traceparent"]])
def test_what_is_no_carrier_opens_nothing(traces: CapturedTraces, instrument: Instrument, carrier: Any) -> None:
    """And raises nothing: a queue may have lost it."""
    carrier_of_a_request(instrument)
    with continued(carrier, "job"):
        assert current_trace().id == ""
    assert shown(traces) == drawn("GET / > order")


@pytest.mark.parametrize("change", [str.upper, str.title, str.encode])
def test_a_carrier_is_known_as_queues_hand_it_on(
    traces: CapturedTraces, instrument: Instrument, change: Callable[[str], Any]
) -> None:
    """Kafka's headers are bytes, and the names of HTTP's are in any case."""
    carrier = carrier_of_a_request(instrument)
    is_bytes = change is str.encode
    handed_on: Any = {change(name): value.encode() if is_bytes else value for name, value in carrier.items()}
    with continued(handed_on, "job"):
        pass
    assert shown(traces) == drawn("GET / > order > job")


def test_baggage_goes_along(traces: CapturedTraces, instrument: Instrument) -> None:
    """It belongs to the context that the job goes on in."""
    taken: dict[str, str] = {}

    def handler() -> None:
        token = context_api.attach(baggage.set_baggage("tenant", "a"))
        taken.update(current_trace().carrier())
        context_api.detach(token)

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    with continued(taken, "job"):
        assert baggage.get_baggage("tenant") == "a"
    assert baggage.get_baggage("tenant") is None


def test_the_application_s_propagator_has_no_say_in_carriers(
    traces: CapturedTraces, instrument: Instrument, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are between us and us."""

    class Silent(TextMapPropagator):
        def extract(self, carrier: object, context: object = None, getter: object = None) -> context_api.Context:
            return context_api.Context()

        def inject(self, carrier: object, context: object = None, setter: object = None) -> None:
            pass

        @property
        def fields(self) -> set[str]:
            return set()

    from opentelemetry import propagate

    propagate.set_global_textmap(Silent())
    work(carrier_of_a_request(instrument))
    assert shown(traces) == drawn("GET / > order > job > query")


def test_an_exception_is_recorded_and_raised_on(traces: CapturedTraces, instrument: Instrument) -> None:
    """The very object."""
    error = ValueError("seven")
    with pytest.raises(ValueError, match="seven") as raised, continued(carrier_of_a_request(instrument), "job"):
        raise error
    assert raised.value is error
    job = spans_of(traces[0])["job"]
    assert job.status.status_code == SpanStatusCode.ERROR
    assert [event.name for event in job.events] == ["exception"]


def test_the_span_is_opentelemetry_s(traces: CapturedTraces, instrument: Instrument) -> None:
    """And MLflow's active one."""
    with continued(carrier_of_a_request(instrument), "job") as job:
        job.set_attribute("attempt", 2)
        active = mlflow.get_current_active_span()
        assert active is not None
        active.set_outputs("done")
    arrived = spans_of(traces[0])["job"]
    assert (arrived.attributes["attempt"], arrived.outputs) == (2, "done")


def test_nothing_stays_current_when_the_job_is_over(traces: CapturedTraces, instrument: Instrument) -> None:
    """Also when it has failed."""
    carrier = carrier_of_a_request(instrument)
    before = context_api.get_current()
    with pytest.raises(ValueError, match="x"), continued(carrier, "job"):
        raise ValueError("x")
    assert context_api.get_current() == before


@pytest.mark.parametrize("forgotten", [False, True], ids=["soon", "late"])
def test_what_a_job_sets_reaches_the_trace(traces: CapturedTraces, instrument: Instrument, forgotten: bool) -> None:
    """Tags, session and what came of it, as if the request had set them."""
    carrier = carrier_of_a_request(instrument)
    assert len(traces) == 1
    if forgotten:
        forget(traces[0].info.trace_id)
    with continued(carrier, "job"):
        current_trace().set_session("s-1")
        current_trace().set_tags({"from": "job"})
        current_trace().set_outputs({"done": True})
        assert current_trace().id == traces[0].info.trace_id
    job = spans_of(traces[0])["job"]
    if forgotten:
        assert job.attributes["session.id"] == "s-1"
        assert job.outputs == {"done": True}
    else:
        assert traces[0].info.tags["from"] == "job"
        assert traces[0].info.trace_metadata["mlflow.trace.session"] == "s-1"
        assert traces[0].info.response_preview == '{"done": true}'


def test_tags_that_another_process_sets_follow_the_trace(fresh_process: None, instrument: Instrument) -> None:
    """Each once, redacted, and again where it changes; its info is told by the process that has the root."""
    sent: list[Any] = []

    class Kept(MemoryDelivery):
        def put_feedback(self, trace_id: str, payload: bytes) -> bool:
            sent.append((trace_id, json.loads(payload)["tags"]))
            return True

    delivery = Kept()
    with BRIDGE.diverted_to(delivery):
        carrier = carrier_of_a_request(instrument)
        (trace,) = delivery.traces()
        forget(trace.info.trace_id)
        with continued(carrier, "job"):
            current_trace().set_tags({"from": "job", "password": "hunter" + "2"})
        delivery.traces()
        with continued(carrier, "job"):
            current_trace().set_tags({"from": "job"})
            delivery.traces()
            mlflow.update_current_trace(tags={"step": "2"})
        delivery.traces()
    trace_id = trace.info.trace_id
    assert sent == [
        (trace_id, {"from": "job", "password": REDACTED}),
        (trace_id, {"from": "job", "step": "2"}),
    ]


def test_tags_of_a_request_s_own_trace_do_not_follow_it(fresh_process: None, instrument: Instrument) -> None:
    """They are on its root."""
    app = app_of(lambda: current_trace().set_tags({"from": "request"}))
    instrument(app)
    sent: list[bytes] = []

    class Kept(MemoryDelivery):
        def put_feedback(self, trace_id: str, payload: bytes) -> bool:
            sent.append(payload)
            return True

    delivery = Kept()
    with BRIDGE.diverted_to(delivery):
        Call(app).run()
        assert delivery.traces()[0].info.tags["from"] == "request"
    assert sent == []


def test_an_empty_carrier_opens_nothing(traces: CapturedTraces) -> None:
    """From outside a traced request: user code never needs an `if`."""
    with continued(current_trace().carrier(), "job") as job:
        assert job is trace_api.get_current_span()
    assert len(traces) == 0


@pytest.mark.parametrize("late", [False, True])
def test_a_job_of_a_trace_that_is_not_kept_is_not_kept(fresh_process: None, instrument: Instrument, late: bool) -> None:
    """Orphans would stay "in progress" in MLflow. By its id every process knows the decision about a trace."""
    app = app_of(lambda: current_trace().carrier())
    instrument(app, tracing={"sample_rate": 0.0})
    with capture() as traces:
        carrier = Call(app).run().json
        if late:
            gc.collect()
        work(carrier)
    assert len(traces) == 0


def test_a_process_without_tracing_does_the_work_all_the_same(traces: CapturedTraces, instrument: Instrument) -> None:
    """Nothing is wired there, and nothing is imported but what is needed."""
    program = (
        "import json, sys\n"
        "from otel_mlflow import continued\n"
        "with continued(json.loads(sys.argv[1]), 'job') as span:\n"
        "    print(span.is_recording())\n"
    )
    argument = json.dumps(carrier_of_a_request(instrument))
    done = subprocess.run([sys.executable, "-c", program, argument], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


async def cancelled_job(carrier: dict[str, str]) -> None:
    """A job that says why it ended after it has left its span, which a generator that it left makes current again."""

    def left_open() -> Iterator[None]:
        with use_span(trace_api.get_current_span()):
            yield

    try:
        with continued(carrier, "job"):
            generator = left_open()
            next(generator)
            await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        # Closed late, it takes back what was current when it began: the span of the job, which has ended.
        del generator
        mlflow.update_current_trace(tags={"why": "cancelled"}, state="ERROR")
        raise


async def cancel_job(carrier: dict[str, str]) -> None:
    """Start the job in a context of its own, and end it."""
    job = contextvars.Context().run(asyncio.create_task, cancelled_job(carrier))
    await asyncio.sleep(0)
    job.cancel()
    assert isinstance((await asyncio.gather(job, return_exceptions=True))[0], asyncio.CancelledError)


def test_what_a_cancelled_job_says_after_its_span_is_in_its_trace(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """MLflow finds the trace of a span that has ended and is current, also when the request was handed over."""
    carrier = carrier_of_a_request(instrument)
    assert shown(traces) == drawn("GET / > order")
    asyncio.run(cancel_job(carrier))
    (trace,) = traces
    assert (trace.info.tags["why"], trace.info.state.value) == ("cancelled", "ERROR")
