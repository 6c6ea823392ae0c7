"""The LangChain runs under way: the span of each, which of them is current, and under which a new one starts."""

from __future__ import annotations

import asyncio
import sys
import weakref
from contextvars import Context
from types import FrameType
from typing import Any

from mlflow.entities import LiveSpan
from opentelemetry import context as context_api
from opentelemetry import trace as trace_api

from otel_mlflow.spans.current import RUN_BEGUN, current_span_state, opener, state_around
from otel_mlflow.spans.generators import caller_outside, is_generator
from otel_mlflow.spans.langchain.run import LangChainRun
from otel_mlflow.spans.trace import SpanState, span_state

_RUNS: weakref.WeakValueDictionary[str, SpanState] = weakref.WeakValueDictionary()
"""The spans of the runs under way, by run id, whichever tracer object LangChain calls.

LangChain does not tell the end of every run. The span of one whose end never comes goes with its trace.
"""

_CALLBACKS = "langchain_core.callbacks"
"""What stands between whoever tells of a run and the handlers."""

_CALLING_BACK = ("handle_event", "_ahandle_event_for_handler")
"""The functions of `langchain_core.callbacks.manager` that call handlers, synchronously and asynchronously."""


def run_state(run_id: object) -> SpanState | None:
    """The span of a run under way."""
    return _RUNS.get(str(run_id)) if run_id else None


def told_before(run_id: object) -> SpanState | None:
    """The span of a run that the same call has told another tracer of, where the application passes several."""
    state = run_state(run_id)
    is_same_call = state is not None and state.run is not None and state.run.body is caller_outside(_CALLBACKS)
    return state if is_same_call else None


def begin(span: LiveSpan, run_id: object, span_type: str) -> None:
    """A run has begun, here: its span becomes the current one."""
    otel_span: Any = span._span
    state = span_state(otel_span)
    if state is None:
        return
    _RUNS[str(run_id)] = state
    state.live = span
    state.run = LangChainRun(
        run_id,
        span_type,
        own_context=_body_has_its_own_context(),
        opener=opener(),
        body=caller_outside(_CALLBACKS),
    )
    state.previous = span_state(trace_api.get_current_span())
    _abandon_with_task(state)
    if state.run.is_model and state.run.body is not None and is_generator(state.run.body):
        state.trace.tree.enter(state, (state.run.body,), state.run.opener)
    RUN_BEGUN.set(state)
    context_api.attach(trace_api.set_span_in_context(otel_span))


def hand_to_reader(run_id: object) -> None:
    """A model has more of its stream: who reads it goes on in this context, and starts tasks in copies of it.

    The model's own body goes on as one of a generator.
    """
    state = run_state(run_id)
    if state is not None and state.generators and span_state(trace_api.get_current_span()) is state:
        _make_current(state_around(state))


def end(run_id: object) -> None:
    """A run has ended: what is still being worked in around it becomes current again, in this context."""
    _forget(run_id)
    state = span_state(trace_api.get_current_span())
    if state is None or state.run is None:
        return
    inside = current_span_state()
    if inside is not state:
        _make_current(inside)


def end_runs_below(cut: SpanState, why: str) -> None:
    """LangChain does not tell of a tool's end when the tool is cancelled: it ends with the run that it is part of."""
    for state in cut.trace.tree.open_runs():
        if state is not cut and state.run is not None and state.descends_from(cut):
            state.cut_short = why
            _forget(state.run.run_id)
            state.live.end()


def parent_of_run(parent_run_id: object) -> SpanState | None:
    """The span under which a run starts, given LangChain's parent run: that one's, or one opened inside that run.

    What a model or a retriever calls has the parent that they have, as far as LangChain knows.
    """
    run, active = run_state(parent_run_id), _outside_of_others(current_span_state())
    if run is None or active is None:
        return run or active
    is_leaf_or_span = active.run is None or active.run.leaf
    return active if is_leaf_or_span and active.descends_from(run) else run


def _outside_of_others(state: SpanState | None) -> SpanState | None:
    """Pass over runs whose spans are current where a run starts that is not inside them.

    A batch tells of all its runs at once. Who reads a model's stream, or goes on when a model was cancelled, does so in
    the context in which that one is current: a run that starts elsewhere than a model's did is not inside it.
    """
    call = caller_outside(_CALLBACKS) if state is not None and state.run is not None else None
    while state is not None and state.run is not None:
        is_elsewhere = state.run.is_model and state.run.opener != opener()
        if not is_elsewhere and (call is None or state.run.body is not call):
            break
        state = state.previous or state.parent
    return state


def _make_current(state: SpanState | None) -> None:
    # None is around the run: nothing was current before it.
    span: Any = state.span if state is not None else trace_api.INVALID_SPAN
    if span is not None:
        RUN_BEGUN.set(state)
        context_api.attach(trace_api.set_span_in_context(span))


def _forget(run_id: object) -> None:
    """The run is over: its call is held no longer."""
    state = _RUNS.pop(str(run_id), None)
    if state is not None and state.run is not None:
        state.run.body = None


def _abandon_with_task(state: SpanState) -> None:
    """Show the run as cut short when the task that began it is over, and nobody has told of the run's end."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return
    if task is None:
        return
    reference = weakref.ref(state)

    def abandon(_: object) -> None:
        if (left := reference()) is not None and not left.ended:
            left.trace.abandon(left)

    task.add_done_callback(abandon, context=Context())


def _body_has_its_own_context() -> bool:
    """Whether LangChain runs the body of the run that is just starting in a context of its own.

    Asynchronous bodies only where asyncio can do it: from Python 3.11. Who calls back tells which they are.
    """
    if sys.version_info >= (3, 11):
        return True
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name not in _CALLING_BACK:
        frame = frame.f_back
    return frame is None or frame.f_code.co_name == _CALLING_BACK[0]
