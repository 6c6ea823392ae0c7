"""Under which span a new one is opened.

OpenTelemetry answers with the span in the current context. That is right but for two cases, mended here:

* LangChain tells of a run's start and end by callbacks, and the end may come in a copy of the context in which the
  start came. A span that a callback made current is then still in the context after its run.
* A synchronous generator that streams a response is driven one step at a time in worker threads, each step in a
  context of its own. The span that is open around the generator's body is current in the first step only.
"""

from __future__ import annotations

import sys
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from types import CodeType, FrameType
from typing import Any

from opentelemetry.context import Context
from opentelemetry.trace import get_current_span

from otel_mlflow.spans.gathering import SpanEntry, entry_of

_GENERATOR = CO_GENERATOR | CO_ASYNC_GENERATOR
_TRACING_PACKAGES = frozenset({"contextlib", "opentelemetry", "mlflow", "otel_mlflow"})

_FRAMES_OF_STARTING = 5
"""Frames between the start of a span in the SDK and `opening_generator`: not looked at, for each look costs."""

_TRACING_CODE: dict[int, CodeType] = {}
"""Functions of those packages, by identity: code objects compare by all that is in them."""

_BODY_HAS_ITS_OWN_CONTEXT = sys.version_info >= (3, 11)
"""LangChain runs asynchronous bodies in a context of their own where asyncio can: from Python 3.11."""


def current_entry(context: Context | None = None) -> SpanEntry | None:
    """The entry under which a span started now is opened; None outside every trace of ours.

    A `context` that the caller names is taken at its word.
    """
    entry = entry_of(get_current_span(context))
    if entry is None or context is not None:
        return entry
    if entry.run is not None:
        entry = _skip_left_runs(entry)
    if entry is not None and entry.trace.generators:
        entry = _enclosing_generator(entry)
    return entry


def _skip_left_runs(entry: SpanEntry | None) -> SpanEntry | None:
    """Pass over spans of LangChain runs that are current only because their callback could not take them away."""
    while entry is not None and entry.run is not None and not _is_inside(entry):
        entry = entry.previous or entry.parent
    return entry


def _is_inside(entry: SpanEntry) -> bool:
    run = entry.run
    if run is None:
        return True
    if run.leaf or not _BODY_HAS_ITS_OWN_CONTEXT:
        return not entry.ended
    return run.run_id == _run_of_this_context()


def _run_of_this_context() -> str | None:
    """The id of the LangChain run whose body this is: the parent that its children are going to have."""
    from langchain_core.runnables.config import var_child_runnable_config

    config = var_child_runnable_config.get()
    callbacks: Any = config.get("callbacks") if config else None
    parent = getattr(callbacks, "parent_run_id", None)
    return str(parent) if parent else None


def _enclosing_generator(entry: SpanEntry) -> SpanEntry:
    generators = entry.trace.generators
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if opened := generators.get(frame):
            innermost = opened[-1]
            return entry if entry.descends_from(innermost) else innermost
        frame = frame.f_back
    return entry


def opening_generator() -> FrameType | None:
    """The frame of the generator whose `with` block opens the span that is being started, if it is one."""
    frame: FrameType | None = sys._getframe(_FRAMES_OF_STARTING)
    entered = False
    while frame is not None:
        code = frame.f_code
        if id(code) in _TRACING_CODE:
            entered = entered or code.co_name == "__enter__"
        elif _is_tracing(frame):
            _TRACING_CODE[id(code)] = code
            continue
        elif not entered:
            return None
        elif not _is_context_manager(frame):
            return frame if code.co_flags & _GENERATOR else None
        frame = frame.f_back
    return None


def _is_tracing(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in _TRACING_PACKAGES


def _is_context_manager(frame: FrameType) -> bool:
    """Whether the frame is the body of a `@contextmanager` that is being entered right now."""
    caller = frame.f_back
    return (
        bool(frame.f_code.co_flags & _GENERATOR)
        and caller is not None
        and caller.f_code.co_name == "__enter__"
        and _is_tracing(caller)
    )
