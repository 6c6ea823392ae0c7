"""Under which span a new one is opened.

OpenTelemetry answers with the span in the current context. That is right but for two cases, mended here:

* LangChain tells of a run's start and end by callbacks, and the end may come in a copy of the context in which the
  start came. A span that a callback made current is then still in the context after its run.
* A synchronous generator that streams a response is driven one step at a time in worker threads, each step in a
  context of its own. The span that is open around the generator's body is current in the first step only; and where
  somebody else closes a generator, the span that ends with it stays current with whoever had stepped into it.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from types import CodeType, FrameType
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span

from otel_mlflow.spans.langchain_run import LangChainRun
from otel_mlflow.spans.trace import SpanState, span_state

_GENERATOR = CO_GENERATOR | CO_ASYNC_GENERATOR
_TRACING_PACKAGES = frozenset({"contextlib", "opentelemetry", "mlflow", "otel_mlflow"})

_ENTERING = frozenset({"__enter__", "__aenter__"})
"""What a `with` block calls, whether the context manager is a library's or the application's own."""

_FRAMES_OF_STARTING = 5
"""Frames between the start of a span in the SDK and `opening_generator`: not looked at, for each look costs."""

_TRACING_CODE: dict[int, CodeType] = {}
"""Functions of those packages, by identity: code objects compare by all that is in them."""


def current_span_state(context: Context | None = None) -> SpanState | None:
    """The span under which one started now is opened; None outside every trace of ours.

    A `context` that the caller names is taken at its word.
    """
    state = span_state(get_current_span(context))
    if state is None or context is not None:
        return state
    state = _skip_left(state)
    if state is not None and state.trace.tree.generators:
        state = _enclosing_generator(state)
    return state


def _skip_left(state: SpanState | None) -> SpanState | None:
    """Pass over spans that are current only because nobody could take them away where they were made current."""
    while state is not None:
        if state.run is not None and not _is_inside(state, state.run):
            state = state.previous or state.parent
        elif state.ended and state.generators and _was_closed_elsewhere(state):
            state = state.parent
        else:
            break
    return state


def _is_inside(state: SpanState, run: LangChainRun) -> bool:
    return run.run_id == _run_of_this_context() if run.own_context else not state.ended


def _was_closed_elsewhere(state: SpanState) -> bool:
    """Whether this is the task that opened the span in a generator, and it is not in that generator any more.

    A task that the generator's body has started goes on under the span that was open there.
    """
    return state.opener == opener()


def opener() -> int:
    """The identity of the task that is running, or of the thread where there is none."""
    try:
        return id(asyncio.current_task())
    except RuntimeError:
        return threading.get_ident()


def _run_of_this_context() -> str | None:
    """The id of the LangChain run whose body this is: the parent that its children are going to have."""
    from langchain_core.runnables.config import var_child_runnable_config

    config = var_child_runnable_config.get()
    callbacks: Any = config.get("callbacks") if config else None
    parent = getattr(callbacks, "parent_run_id", None)
    return str(parent) if parent else None


def _enclosing_generator(state: SpanState) -> SpanState:
    generators = state.trace.tree.generators
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if opened := generators.get(frame):
            innermost = opened[-1]
            return state if state.descends_from(innermost) else innermost
        frame = frame.f_back
    return state


def opening_generators() -> tuple[FrameType, ...]:
    """The frames of the generators whose `with` block opens the span that is being started.

    More than one where the block is in a `@contextmanager`, which may be somebody's own way of opening a span, used in
    another generator, or a generator that a framework steps through as a context manager, such as a dependency.
    """
    frame: FrameType | None = sys._getframe(_FRAMES_OF_STARTING)
    entered = False
    found: tuple[FrameType, ...] = ()
    while frame is not None:
        code = frame.f_code
        if id(code) in _TRACING_CODE:
            entered = entered or code.co_name == "__enter__"
        elif _is_tracing(frame):
            _TRACING_CODE[id(code)] = code
            continue
        elif not entered:
            break
        elif code.co_name not in _ENTERING:
            if not code.co_flags & _GENERATOR:
                break
            found += (frame,)
            if not _is_context_manager(frame):
                break
        frame = frame.f_back
    return found


def _is_tracing(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in _TRACING_PACKAGES


def _is_context_manager(frame: FrameType) -> bool:
    """Whether the generator is stepped through as the body of an `@(async)contextmanager`."""
    caller = frame.f_back
    return caller is not None and caller.f_code.co_name in _ENTERING and _is_tracing(caller)
