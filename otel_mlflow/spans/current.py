"""Under which span a new one is opened: the rule of parents.

Of the spans that might be the parent, the first in this list is. A context that user code names is read in place of the
current one, and taken at its word: of the rules 2 and 3 none applies to it.

1. The span of ours that is current.
2. Not one that a LangChain callback made current and whose run is not being worked in here, for the run's end may come
   in a copy of the context, or never: what was current before it counts. LangChain's own context tells which run is
   being worked in; of a model or a retriever, whose runs have none, the stack does: who told of the run is on it.
   Elsewhere than where the run began it is being worked in until it ends, unless LangChain's own context would be there
   and is not: a thread may have been given OpenTelemetry's only, a task of who reads a stream was given all of it.
3. Not one of a generator that was left behind where it is current: a generator that streams a response is driven one
   step at a time, each step in a context of its own. Inside the body of a generator, the span that is open round it.
4. Where the current span is none of ours (another provider's, a proxy's, one that records nothing): the span of ours
   that was current when that one was made current (`enclosing.py`), by the rules above.
5. Where that is not known: the span of ours under which that one was started.
6. Where neither is known, inside a request: the request's root.
7. A span of another process counts where it is known to MLflow (`propagation.py`). Inside a request any other does not:
   the span belongs to the request, by the rules above.
8. Outside of any request: none, a trace of its own begins. In an excluded request, and on our own threads: no trace.
"""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from functools import cache
from typing import Any

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanContext, get_current_span, set_span_in_context

from otel_mlflow.outside import OUTSIDE
from otel_mlflow.spans.enclosing import enclosing_state
from otel_mlflow.spans.generators import innermost_generator, is_on_stack
from otel_mlflow.spans.ids import is_remote
from otel_mlflow.spans.langchain.run import LangChainRun
from otel_mlflow.spans.registry import find_open_span
from otel_mlflow.spans.trace import SPAN_STATE, SpanState

REQUEST_ROOT = context_api.create_key("otel-mlflow-request-root")
"""Context key: the root of the request that is being served, a `SpanState`; of a job, the span that stands for it."""

RUN_BEGUN: ContextVar[SpanState | None] = ContextVar("otel-mlflow-run-begun", default=None)
"""The span of the LangChain run that is current, in the context in which it began and in copies of all of that."""

(SPAN_KEY,) = set_span_in_context(INVALID_SPAN, Context())
"""OpenTelemetry's context key of the current span."""


def current_span_state(context: Context | None = None) -> SpanState | None:
    """The span under which one started now is opened; None outside every trace of ours."""
    return parent_state(get_current_span(context), context)


def parent_state(span: Span, context: Context | None) -> SpanState | None:
    """The same where `span` is the current one."""
    state: SpanState | None = getattr(span, SPAN_STATE, None)
    if state is None:
        known = context if context is not None else context_api.get_current()
        state = None if OUTSIDE in known else _of_foreign_span(span, known)
    if context is not None or state is None:
        return state
    if state.run is not None or (state.ended and state.generators):
        state = _skip_left(state)
    if state is not None and state.trace.tree.generators:
        state = _inside_generator(state)
    return state


def current_request_state() -> SpanState | None:
    """The span under which one started now is opened if a request is being served, whatever context was named.

    A context that was read from headers has only the span that was current when it was attached.
    """
    here, span = context_api.get_current(), get_current_span()
    if here.get(OUTSIDE) is not None:
        return None
    if is_remote(span):
        return enclosing_state(here, span)
    return current_span_state() if here.get(REQUEST_ROOT) is not None else None


def _of_foreign_span(span: Span, context: Context) -> SpanState | None:
    """Rules 4 to 6; a span of another process is for rule 7."""
    root = context.get(REQUEST_ROOT)
    if is_remote(span):
        return None
    enclosing = enclosing_state(context, span) or _started_under(span)
    return enclosing or (root if isinstance(root, SpanState) else None)


def _started_under(span: Span) -> SpanState | None:
    """The span of ours that has the same id, where something stands in for it, or that is the parent."""
    for context in (span.get_span_context(), getattr(span, "parent", None)):
        if isinstance(context, SpanContext) and (state := find_open_span(context)) is not None:
            return state
    return None


def state_around(state: SpanState) -> SpanState | None:
    """The span under which one is opened outside of a LangChain run whose span is current."""
    return _skip_left(state.previous or state.parent)


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
    here = _run_of_this_context() if run.own_context else None
    if here == run.run_id:
        return True
    if state.ended:
        return False
    if run.body is not None and is_on_stack(run.body):
        return True
    is_elsewhere = here is None and run.opener != opener()
    return is_elsewhere and not (run.all_in_context and _is_copied_from_where_it_began(state))


def _is_copied_from_where_it_began(state: SpanState) -> bool:
    begun = RUN_BEGUN.get()
    while begun is not None and begun is not state:
        begun = begun.previous
    return begun is state


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


def _run_of_this_context() -> object:
    """The id of the LangChain run whose body this is: the parent that its children are going to have."""
    config = _langchain_context().get()
    callbacks: Any = config.get("callbacks") if config else None
    return getattr(callbacks, "parent_run_id", None)


@cache
def _langchain_context() -> ContextVar[Any]:
    """LangChain's own; it is imported where it has a run."""
    from langchain_core.runnables.config import var_child_runnable_config

    return var_child_runnable_config


def _inside_generator(state: SpanState) -> SpanState:
    opened = innermost_generator(state.trace.tree.generators)
    return state if opened is None or state.descends_from(opened[-1]) else opened[-1]
