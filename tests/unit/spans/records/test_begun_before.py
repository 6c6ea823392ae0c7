"""An instrumentation's span that began before the one it was opened under is not part of that: rule 12 of folding."""

from __future__ import annotations

import time
from typing import Any, cast

from langchain_core.runnables import RunnableLambda
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import Span

from otel_mlflow.spans.records.begun_before import start_time
from otel_mlflow.testing import CapturedTraces
from tests.unit.spans.records.test_folding import MLFLOW, TRACELOOP, call, open_call
from tests.unit.spans.test_trace import start, state_of
from tests.unit.trees import drawn, shown

STEP: dict[str, Any] = {"langsmith.span.kind": "chain"}


def _agent(root: Span) -> tuple[Span, int]:
    """Run a chain of two steps: the span of the last one, and when the chain began."""
    seen: list[Span] = []

    def step(_: object) -> None:
        seen.append(cast(Span, trace_api.get_current_span()))

    with trace_api.use_span(root):
        chain = RunnableLambda(step).with_config(run_name="plan") | RunnableLambda(step).with_config(run_name="model")
        chain.with_config(run_name="agent").invoke("?")
    agent = state_of(seen[1]).parent
    assert agent is not None
    return seen[1], start_time(agent)


def _tell_of_agent(parent: Span, begun: int) -> None:
    """As LangSmith does when the agent is done."""
    agent = call("langsmith", "agent", parent, STEP, at=(begun, time.time_ns()))
    call("langsmith", "plan", agent, STEP, at=(begun + 5_000, time.time_ns()))


def test_what_is_told_in_time_is_folded_though_it_names_the_last_step(traces: CapturedTraces) -> None:
    """Its own steps, too."""
    root = start("root")
    last, begun = _agent(root)
    _tell_of_agent(last, begun)
    root.end()
    assert shown(traces) == drawn("root > agent > [plan, model]")


def test_what_is_told_later_is_folded_though_it_names_the_last_step(traces: CapturedTraces) -> None:
    """MLflow has the agent by then, and its step."""
    root = start("root")
    last, begun = _agent(root)
    root.end()
    assert shown(traces) == drawn("root > agent > [plan, model]")
    _tell_of_agent(last, begun)
    assert shown(traces) == drawn("root > agent > [plan, model]")


def test_a_call_of_which_nobody_else_tells_hangs_where_it_began(traces: CapturedTraces) -> None:
    """Under the nearest above that had begun."""
    root = start("root")
    outer = open_call(MLFLOW, "outer", root, {}, at=5_000)
    inner = open_call(MLFLOW, "inner", outer, {}, at=10_000)
    call(TRACELOOP, "model", inner, at=(7_000, 20_000))
    for span in (inner, outer, root):
        span.end()
    assert shown(traces) == drawn("root > outer > [inner, model]")


def test_a_time_that_is_cut_to_microseconds_is_no_earlier_one(traces: CapturedTraces) -> None:
    """Python's datetimes have no nanoseconds."""
    root = start("root")
    outer = open_call(MLFLOW, "outer", root, {}, at=5_900)
    call(TRACELOOP, "model", outer, at=(5_000, 20_000))
    outer.end()
    root.end()
    assert shown(traces) == drawn("root > outer > model")


def test_a_user_s_own_span_stays_where_it_was_opened(traces: CapturedTraces) -> None:
    """Whatever time the user gives it, such as that at which a job was queued."""
    root = start("root")
    outer = open_call(MLFLOW, "outer", root, {}, at=5_000)
    call("my.own", "waited", outer, {}, at=(1_000, 5_000))
    outer.end()
    root.end()
    assert shown(traces) == drawn("root > outer > waited")
