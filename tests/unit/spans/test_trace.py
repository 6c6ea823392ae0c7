"""A trace is handed over when its root has ended, and holds exactly the spans that were opened, however they came."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.entities import TraceState
from opentelemetry import trace as trace_api
from opentelemetry.sdk.trace import Span

from otel_mlflow.guard import GUARD
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.export_state import AFTER_SPANS, EARLY_SPANS, LETS_IN
from otel_mlflow.spans.ids import span_context
from otel_mlflow.spans.registry import change_mlflow_trace_id, open_traces
from otel_mlflow.spans.trace import MANY_SPANS, OpenTrace, SpanState, span_state
from otel_mlflow.testing import CapturedTraces, capture
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.unit.trees import drawn, shown


def start(name: str, parent: Span | None = None) -> Span:
    """Start a span under another, wherever that has got to."""
    context = trace_api.set_span_in_context(parent if parent is not None else trace_api.INVALID_SPAN)
    started = trace_api.get_tracer("a.library").start_span(name, context=context)
    assert isinstance(started, Span)
    return started


def state_of(span: Span) -> SpanState:
    """What is known of a span."""
    found = span_state(span)
    assert found is not None
    return found


def open_states() -> list[SpanState]:
    """The spans of this process that have started and not ended."""
    return [state for trace in open_traces() for state in trace.tree.spans.values() if not state.ended]


def test_a_trace_is_handed_over_when_its_root_has_ended(traces: CapturedTraces) -> None:
    """Not before: nobody sees half a trace."""
    root = start("root")
    start("child", root).end()
    assert len(traces) == 0
    root.end()
    assert shown(traces) == drawn("root > child")


def test_a_trace_of_many_spans_is_handed_over_as_it_comes(traces: CapturedTraces) -> None:
    """A hundred thousand that wait for the end would be as many objects for each full garbage collection."""
    root = start("root")
    for _ in range(MANY_SPANS):
        start("child", root).end()
    assert len(traces) == 1
    for _ in range(EARLY_SPANS):
        start("child", root).end()
    root.end()
    assert [len(trace.data.spans) for trace in traces] == [MANY_SPANS + EARLY_SPANS + 1]


SEVERAL = {f"key{number}": "value" for number in range(10)}
"""More attributes than a span has that is quickly written."""


@contextmanager
def held_elsewhere(lock: Any) -> Iterator[None]:
    """The lock, held by another thread."""
    with ThreadPoolExecutor(1) as other:
        other.submit(lock.acquire).result()
        yield
        other.submit(lock.release).result()


def test_a_trace_of_many_spans_that_no_request_is_behind_ends_with_its_root(traces: CapturedTraces) -> None:
    """Also where too few have ended since the last record to be handed over by themselves."""
    root = start("root")
    for _ in range(MANY_SPANS):
        start("child", root).end()
    assert len(traces) == 1
    start("last", root).end()
    root.end()
    (whole,) = traces
    assert {"root", "last"} <= {span.name for span in whole.data.spans}
    assert whole.info.state == TraceState.OK


class LettingIn(MemoryDelivery):
    """Counts how often it is let in."""

    times = 0

    def let_writer_in(self) -> None:
        """Count."""
        self.times += 1


def end_children(root: Span, spans: int, **attributes: str) -> None:
    """Start and end so many spans below another."""
    for _ in range(spans):
        child = start("child", root)
        child.set_attributes(attributes)
        child.end()


def test_a_trace_that_grows_faster_than_it_is_written_lets_the_writer_in(traces: CapturedTraces) -> None:
    """Else its spans would grow old while they wait, and bring on full garbage collections."""
    delivery = LettingIn()
    with BRIDGE.diverted_to(delivery):
        root = start("root")
        end_children(root, MANY_SPANS, **SEVERAL)
        assert delivery.times == 0
        end_children(root, 3 * LETS_IN, **SEVERAL)
        assert delivery.times == 3
        delivery.traces()
        end_children(root, EARLY_SPANS - 1, **SEVERAL)
        assert delivery.times == 3
        root.end()


def test_short_spans_that_end_faster_than_they_are_written_are_written_by_whoever_ends_them(
    traces: CapturedTraces,
) -> None:
    """So few wait, however busy the writer is, and none of them grows old; nothing is lost or told twice."""
    delivery = LettingIn()
    with BRIDGE.diverted_to(delivery):
        root = start("root")
        trace = state_of(root).trace
        end_children(root, 3 * MANY_SPANS, text="short")
        assert len(trace.export.finished) < EARLY_SPANS + AFTER_SPANS
        assert len(trace.tree.spans) == len(trace.export.finished) + 1
        assert delivery.times == 0
        root.end()
        (whole,) = delivery.traces()
    assert len({span.span_id for span in whole.data.spans}) == len(whole.data.spans) == 3 * MANY_SPANS + 1


def test_while_the_writer_has_a_trace_in_hand_nobody_else_writes_it(traces: CapturedTraces) -> None:
    """Two at a time would lose count of its tokens and calls."""
    delivery = LettingIn()
    with BRIDGE.diverted_to(delivery):
        root = start("root")
        end_children(root, 2 * MANY_SPANS)
        export = state_of(root).trace.export
        waiting = len(export.finished)
        with held_elsewhere(export.writing):
            end_children(root, EARLY_SPANS)
        assert len(export.finished) == waiting + EARLY_SPANS
        assert delivery.times > 0
        root.end()


def test_what_is_below_a_call_that_another_span_may_show_waits_for_the_writer(traces: CapturedTraces) -> None:
    """Whose child is stored already, that call cannot be folded any more."""
    delivery = LettingIn()
    with BRIDGE.diverted_to(delivery):
        root = start("root")
        context = trace_api.set_span_in_context(root)
        call = trace_api.get_tracer("openinference.instrumentation.openai").start_span("call", context=context)
        assert isinstance(call, Span)
        end_children(call, MANY_SPANS + AFTER_SPANS)
        assert len(state_of(root).trace.export.finished) == MANY_SPANS + AFTER_SPANS
        call.end()
        root.end()


def test_spans_that_end_after_the_root_follow_in_the_same_trace(traces: CapturedTraces) -> None:
    """They were opened in it, so that is where they are shown."""
    root = start("root")
    late = start("late", root)
    root.end()
    assert shown(traces) == drawn("root")
    late.end()
    assert shown(traces) == drawn("root > late")


def test_spans_that_start_after_all_of_their_trace_has_ended_follow_too(traces: CapturedTraces) -> None:
    """As long as somebody holds the span that they are opened under."""
    root = start("root")
    root.end()
    assert len(traces) == 1
    start("late", root).end()
    assert shown(traces) == drawn("root > late")


def test_what_ends_shortly_after_the_root_travels_with_it(traces: CapturedTraces) -> None:
    """Handing over only queues: what has ended by the time the queue is worked off goes into the one record."""
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        root = start("root")
        trace = state_of(root).trace
        late = start("late", root)
        root.end()
        late.end()
        assert [span.name for span in delivery.traces()[0].data.spans] == ["root", "late"]
        assert trace.encode().spans == b""


def test_a_trace_is_queued_once_however_much_of_it_ends(traces: CapturedTraces) -> None:
    """Until it is written down; one item in the queue stands for all that has ended meanwhile."""
    puts: list[OpenTrace] = []

    class Listing(MemoryDelivery):
        def put(self, trace: OpenTrace) -> None:
            puts.append(trace)

    with BRIDGE.diverted_to(Listing()):
        root = start("root")
        children = [start(f"child {number}", root) for number in range(5)]
        for span in (root, *children):
            span.end()
    assert puts == [state_of(root).trace]


def test_only_the_first_record_stands_for_the_request(traces: CapturedTraces) -> None:
    """What follows is more of the same trace: counted twice, the accounts would not add up."""
    root = start("root")
    trace = state_of(root).trace
    trace.counted = True
    late = start("late", root)
    root.end()
    assert trace.encode().counted
    late.end()
    assert not trace.encode().counted


def test_only_a_record_with_news_of_the_trace_as_a_whole_has_its_info(traces: CapturedTraces) -> None:
    """A late span says nothing about the trace; a late tag does."""
    root = start("root")
    trace = state_of(root).trace
    root.end()
    assert trace.encode().info
    start("late", root).end()
    assert trace.encode().info == b""
    trace.metadata.tags["late"] = "tag"
    trace.mark_changed()
    assert b'"late": "tag"' in trace.encode().info


def test_a_discarded_trace_leaves_nothing(traces: CapturedTraces) -> None:
    """Neither what has ended, nor what will."""
    root = start("root")
    child, late = start("child", root), start("late", root)
    child.end()
    state_of(root).trace.discard()
    root.end()
    late.end()
    start("later still", root).end()
    assert len(traces) == 0


def test_a_finished_trace_is_garbage_without_the_collector(traces: CapturedTraces) -> None:
    """Reference cycles would leave the work to the collector, which stalls the event loop."""
    gc.collect()
    gc.disable()
    try:
        delivery = MemoryDelivery()
        with BRIDGE.diverted_to(delivery):
            root = start("root")
            trace = weakref.ref(state_of(root).trace)
            start("child", root).end()
            root.end()
            delivery.traces()
        del root
        assert trace() is None
    finally:
        gc.enable()


def test_a_span_that_was_handed_over_keeps_only_what_is_needed_to_find_its_trace(traces: CapturedTraces) -> None:
    """Somebody may hold on to a span for hours; not to all that it said."""
    root = start("root")
    root.end()
    assert len(traces) == 1
    assert (state_of(root).readable, state_of(root).span, state_of(root).live) == (None, None, None)
    assert state_of(root).trace.tree.spans == {}


def test_an_entry_knows_what_it_descends_from(traces: CapturedTraces) -> None:
    """Itself and all above it, nothing beside it."""
    root = start("root")
    one, other = start("one", root), start("other", root)
    below = start("below", one)
    assert [state_of(below).descends_from(state_of(span)) for span in (below, one, root, other)] == [
        True,
        True,
        True,
        False,
    ]


def test_a_renamed_trace_is_written_under_its_new_id(traces: CapturedTraces) -> None:
    """Also what had ended before."""
    root = start("root")
    start("child", root).end()
    change_mlflow_trace_id(state_of(root).trace, 0xABC)
    root.end()
    assert traces[0].info.trace_id == f"tr-{0xABC:032x}"
    assert {span.trace_id for span in traces[0].data.spans} == {f"tr-{0xABC:032x}"}


@pytest.mark.parametrize("stranger", [None, object(), trace_api.INVALID_SPAN])
def test_what_was_not_started_under_the_bridge_has_no_entry(stranger: object) -> None:
    """Spans of others are nobody we know."""
    assert span_state(stranger) is None


# A script of numbers: each starts a span under one that was started before, ends one, or lets the records be written.
scripts = st.lists(st.tuples(st.sampled_from(["start", "start", "end", "end", "write"]), st.integers(0, 1000)))


@given(scripts)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_interleaving_of_starts_and_ends_yields_exactly_the_spans_that_were_opened(
    traces: CapturedTraces, script: list[tuple[str, int]]
) -> None:
    """Each under its parent, over however many records; the root may end first, last or anywhere between."""
    assert GUARD.strict
    with capture() as captured:
        spans = [start("0")]
        parents: dict[str, str | None] = {"0": None}
        open_spans = list(spans)
        for step, number in script:
            if step == "start":
                parent = number % len(spans)
                parents[str(len(spans))] = str(parent)
                spans.append(start(str(len(spans)), spans[parent]))
                open_spans.append(spans[-1])
            elif step == "end" and open_spans:
                open_spans.pop(number % len(open_spans)).end()
            elif step == "write":
                assert len(captured) <= 1
        for span in open_spans:
            span.end()
        (trace,) = captured
        names = {span.span_id: span.name for span in trace.data.spans}
        assert len(trace.data.spans) == len(spans)
        assert {span.name: names[span.parent_id] if span.parent_id else None for span in trace.data.spans} == parents


@given(scripts)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_nothing_is_kept_of_a_trace_when_all_of_it_has_ended_and_is_written_down(
    traces: CapturedTraces, script: list[tuple[str, int]]
) -> None:
    """No open span, no state, nothing finished: however the spans came and went."""
    with capture() as captured:
        spans = [start("0")]
        for step, number in script:
            if step == "start":
                spans.append(start("span", spans[number % len(spans)]))
        trace = state_of(spans[0]).trace
        for span in spans:
            span.end()
        assert len(captured) == 1
        assert (trace.tree.open_spans, trace.tree.spans, trace.tree.generators) == (0, {}, {})
        assert not {span_context(span).span_id for span in spans} & {state.span_id for state in open_states()}
