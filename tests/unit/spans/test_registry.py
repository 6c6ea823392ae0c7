"""Several traces of one MLflow id in one process: a caller's simultaneous requests, or a call to oneself."""

from __future__ import annotations

import asyncio
import gc

import mlflow
from opentelemetry import propagate

from otel_mlflow.delivery.destinations import DEFAULT_EXPERIMENT
from otel_mlflow.spans.ids import new_trace_id
from otel_mlflow.spans.registry import (
    OPEN_TRACES,
    add_otel_trace_id,
    change_mlflow_trace_id,
    find_open_trace,
    find_span_state,
    register,
)
from otel_mlflow.spans.trace import OpenTrace, TraceIdentity
from otel_mlflow.testing import CapturedTraces
from otel_mlflow.tracing import Tracing
from tests.unit.apps import app_of, span
from tests.unit.asgi_calls import Call
from tests.unit.callers import KEY, TRACE, SignedHeaders
from tests.unit.conftest import Instrument
from tests.unit.spans.test_trace import start, state_of
from tests.unit.trees import shown

CALLER = SignedHeaders()


def test_a_trace_is_found_by_its_id_while_anything_refers_to_it(traces: CapturedTraces) -> None:
    """Afterwards it is forgotten: MLflow has it then."""
    root = start("root")
    trace_id = state_of(root).trace.identity.mlflow_trace_id_int
    assert find_open_trace(trace_id) is state_of(root).trace
    root.end()
    assert len(traces) == 1
    del root
    gc.collect()
    assert find_open_trace(trace_id) is None


def test_a_renamed_trace_is_found_by_its_new_id_only(traces: CapturedTraces) -> None:
    """The old id may be a caller's, under which others may come."""
    trace = state_of(start("root")).trace
    before = trace.identity.mlflow_trace_id_int
    change_mlflow_trace_id(trace, 0xABC)
    assert find_open_trace(0xABC) is trace
    assert find_open_trace(before) is None


def test_spans_of_each_trace_with_the_id_are_found(tracing: Tracing) -> None:
    """Whichever came first, and also when the first is not held by anybody else any more."""
    trace_id = new_trace_id()
    first, second = (register(OpenTrace(tracing, TraceIdentity(trace_id, number))) for number in (1, 2))
    root, other = start("root"), start("other")
    in_second = second.add(other, None)
    first.add(root, None)
    del first, root
    gc.collect()
    assert find_span_state(trace_id, in_second.span_id) is in_second


def test_nothing_is_left_of_traces_that_nobody_refers_to(tracing: Tracing) -> None:
    """Whether they shared an id or were renamed: a process serves requests for weeks."""
    trace_id, before = new_trace_id(), set(OPEN_TRACES)
    traces = [register(OpenTrace(tracing, TraceIdentity(trace_id, number))) for number in (1, 2, 2)]
    change_mlflow_trace_id(traces[0], new_trace_id())
    add_otel_trace_id(traces[1], 3)
    assert len(set(OPEN_TRACES) - before) == 5
    traces.clear()
    gc.collect()
    assert set(OPEN_TRACES) - before == set()


def test_spans_of_another_provider_s_trace_register_it_once(tracing: Tracing) -> None:
    """However many they are."""
    trace = register(OpenTrace(tracing, TraceIdentity(new_trace_id(), 1)))
    for _ in range(3):
        add_otel_trace_id(trace, 3)
    assert len(OPEN_TRACES[3]) == 1


def test_the_trace_with_the_root_speaks_for_all_of_its_name(tracing: Tracing) -> None:
    """What a fragment says of the trace as a whole would not be sent."""
    trace_id = new_trace_id()
    fragment, whole = (register(OpenTrace(tracing, TraceIdentity(trace_id, number))) for number in (1, 2))
    fragment.fragment = True
    assert find_open_trace(trace_id) is whole


def test_simultaneous_requests_of_one_caller_keep_their_spans(traces: CapturedTraces, instrument: Instrument) -> None:
    """An agent that calls one tool server three times at once: none of the spans is lost or astray."""

    async def handler(name: str) -> None:
        with span(name):
            await asyncio.sleep(0.001)
            with span(f"in {name}"):
                await asyncio.sleep(0.001)

    app = app_of(handler)
    instrument(app, experiment_name=DEFAULT_EXPERIMENT, tracing={"caller_key": KEY})

    async def calls() -> None:
        await asyncio.gather(*(Call(app, f"GET /?name={name}", headers=CALLER).made() for name in "abc"))

    asyncio.run(calls())
    (trace,) = traces
    assert trace.info.trace_id == f"tr-{TRACE}"
    assert shown(traces) == "".join(f"(its parent is missing) GET /\n    {name}\n        in {name}\n" for name in "abc")


def test_a_service_that_calls_itself_makes_one_trace_and_goes_on_with_it(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """MLflow's fluent API still finds the trace after the inner request is over."""
    app = app_of(lambda: None, "/inner")

    @app.get("/")
    async def outer() -> None:
        headers: dict[str, str] = {}
        propagate.inject(headers)
        await Call(app, "GET /inner", headers=headers).made()
        gc.collect()
        mlflow.update_current_trace(tags={"after": "the inner request"})
        with span("after"):
            pass

    instrument(app, experiment_name=DEFAULT_EXPERIMENT, tracing={"caller_key": KEY})
    Call(app).run()
    assert shown(traces) == "GET /\n    GET /inner\n    after\n"
    assert traces[0].info.tags["after"] == "the inner request"


def test_what_a_called_service_says_of_the_trace_reaches_it_where_the_root_is(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """In one process, the trace with the root is at hand."""

    def inner() -> None:
        mlflow.update_current_trace(tags={"from": "inside"})

    app = app_of(inner, "/inner")

    @app.get("/")
    async def outer() -> None:
        headers: dict[str, str] = {}
        propagate.inject(headers)
        await Call(app, "GET /inner", headers=headers).made()

    instrument(app)
    Call(app).run()
    assert traces[0].info.tags["from"] == "inside"
