"""A process that forks in the middle of a request: the child goes on in the trace, and each span is told of once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from otel_mlflow import Settings, TracingMiddleware, continued, current_trace
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.testing import CapturedTraces
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from otel_mlflow.tracing import Tracing
from tests.unit.apps import raw, span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.trees import drawn, shown

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def in_child(work: Callable[[], None]) -> dict[str, Any]:
    """Run `work` in a forked child; answer the spans that it hands over, by name with their parents' ids."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        delivery = MemoryDelivery()
        with BRIDGE.diverted_to(delivery):
            work()
        spans = {span.name: span.parent_id for trace in delivery.traces() for span in trace.data.spans}
        ids = [trace.info.trace_id for trace in delivery.traces()]
        os.write(writer, json.dumps({"spans": spans, "ids": ids}).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        told: dict[str, Any] = json.loads(answer.read())
    os.waitpid(child, 0)
    return told


@pytest.mark.parametrize("carried", [True, False], ids=["with continued()", "as it is"])
def test_the_work_of_a_forked_child_is_in_the_request_s_trace(
    traces: CapturedTraces, tracing: Tracing, carried: bool
) -> None:
    """Under the span that was open at the fork; what the parent opened is the parent's to hand over."""
    told: dict[str, Any] = {}
    order_ids: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with span("over"):
            pass
        with span("order") as order:
            order_ids.append(order.span_id)
            carrier = current_trace().carrier()

            def work() -> None:
                with continued(carrier, "job") if carried else span("job"), raw("query"):
                    pass

            told.update(in_child(work))
        await empty_answer(scope, receive, send)

    Call(TracingMiddleware(app, tracing=tracing)).run()
    assert shown(traces) == drawn("GET > [over, order]")
    assert set(told["spans"]) == {"job", "query"}
    assert told["spans"]["job"] == order_ids[0]
    assert told["ids"] == [traces[0].info.trace_id]


def test_a_trace_that_is_not_sampled_is_not_sampled_in_a_child(traces: CapturedTraces) -> None:
    """The rate decides by the trace's id, the same in every process."""
    told: list[dict[str, Any]] = []

    def work() -> None:
        with span("job"):
            pass

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append(in_child(work))
        await empty_answer(scope, receive, send)

    tracing = Tracing(Settings(tracing={"sample_rate": 0.0}))
    Call(TracingMiddleware(app, tracing=tracing)).run()
    tracing.shutdown()
    assert told[0]["spans"] == {}
