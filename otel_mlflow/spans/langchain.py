"""LangChain's runs as spans with the right parents, on LangChain's own callback hooks.

MLflow's LangChain tracer knows how a run becomes a span: names, types, inputs, outputs, tokens. What is ours is where
the span hangs: under the span of LangChain's parent run, or under a span that the application opened inside that run.
MLflow's `mlflow.langchain.autolog()` wraps methods of LangChain's classes to add its tracer; this one is offered to
LangChain through `register_configure_hook`, and stands in for MLflow's where the application calls autolog itself.
Tested with langchain-core 1.0 to 1.7 and mlflow 3.8 to 3.17.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any
from uuid import UUID

import mlflow.langchain.langchain_tracer
import mlflow.utils.autologging_utils
from langchain_core.tracers.context import register_configure_hook
from mlflow.entities import LiveSpan, SpanStatus, SpanStatusCode
from mlflow.langchain.langchain_tracer import MlflowLangchainTracer
from mlflow.tracing.fluent import start_span_no_context
from mlflow.tracing.utils.token import SpanWithToken
from opentelemetry import context as context_api
from opentelemetry import trace as trace_api
from typing_extensions import override

from otel_mlflow.spans.current import current_span_state, opener
from otel_mlflow.spans.langchain_pauses import is_pause, outputs_of
from otel_mlflow.spans.langchain_run import LangChainRun
from otel_mlflow.spans.mlflow_views import live_span
from otel_mlflow.spans.trace import SpanState, span_state

mlflow_langchain: Any = mlflow.langchain.langchain_tracer
autologging: Any = mlflow.utils.autologging_utils

_RUNS: dict[str, SpanWithToken] = {}
"""The spans of the runs under way, by run id: one map, whichever tracer object LangChain calls."""

_CALLING_BACK = ("handle_event", "_ahandle_event_for_handler")
"""The functions of `langchain_core.callbacks.manager` that call handlers, synchronously and asynchronously."""

_OK = SpanStatus(SpanStatusCode.OK)


class BridgedLangChainTracer(MlflowLangchainTracer):
    """MLflow's tracer, with each span under the span in which its run was started.

    It asks to be called inline, in the context of the run, where the current span is the right one.
    """

    def __init__(self, prediction_context: Any = None, run_inline: bool = True) -> None:
        super().__init__(prediction_context, run_inline=True)
        self._run_span_mapping = _RUNS

    def _start_span(
        self,
        span_name: str,
        parent_run_id: UUID | None,
        span_type: str,
        run_id: UUID,
        inputs: Any = None,
        attributes: dict[str, Any] | None = None,
    ) -> LiveSpan:
        span = start_span_no_context(
            span_name,
            span_type=span_type,
            parent_span=self._get_parent_span(parent_run_id),
            inputs=inputs,
            attributes=self._serialize_invocation_params(attributes),
        )
        _RUNS[str(run_id)] = SpanWithToken(span, None)
        _make_current(
            span, LangChainRun(str(run_id), span_type, own_context=_body_has_its_own_context(), opener=opener())
        )
        return span

    def _get_parent_span(self, parent_run_id: UUID | None) -> LiveSpan | None:
        run = _RUNS.get(str(parent_run_id)) if parent_run_id else None
        state = _parent_state(span_state(run.span._span) if run else None)
        return live_span(state) if state is not None else None

    def _end_span(
        self,
        run_id: UUID,
        span: LiveSpan,
        outputs: Any = None,
        attributes: dict[str, Any] | None = None,
        status: SpanStatus = _OK,
    ) -> None:
        _RUNS.pop(str(run_id), None)
        span.end(outputs=outputs, attributes=attributes, status=status)
        _leave_ended_runs()

    @override
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **rest: Any) -> None:
        if is_pause(error):
            self._pause(error, run_id)
            return
        _note_cut_short(error, run_id)
        super().on_chain_error(error, run_id=run_id, **rest)

    @override
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **rest: Any) -> None:
        _note_cut_short(error, run_id)
        super().on_llm_error(error, run_id=run_id, **rest)

    @override
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **rest: Any) -> None:
        if is_pause(error):
            self._pause(error, run_id)
            return
        _note_cut_short(error, run_id)
        super().on_tool_error(error, run_id=run_id, **rest)

    def _pause(self, error: BaseException, run_id: UUID) -> None:
        run = _RUNS.get(str(run_id))
        if run is not None:
            self._end_span(run_id, run.span, outputs=outputs_of(error))


def _make_current(span: LiveSpan, run: LangChainRun) -> None:
    otel_span: Any = span._span
    state = span_state(otel_span)
    if state is not None:
        state.run = run
        state.previous = span_state(trace_api.get_current_span())
        context_api.attach(trace_api.set_span_in_context(otel_span))


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


def _leave_ended_runs() -> None:
    """Make the innermost span that is still being worked in current again, in this context."""
    state = span_state(trace_api.get_current_span())
    if state is None or state.run is None:
        return
    inside = current_span_state()
    # None is around the run: nothing was current before it.
    span: Any = inside.span if inside is not None else trace_api.INVALID_SPAN
    if inside is not state and span is not None:
        context_api.attach(trace_api.set_span_in_context(span))


def _parent_state(run: SpanState | None) -> SpanState | None:
    """The span under which a run starts, given the span of LangChain's parent run."""
    active = current_span_state()
    if run is None:
        return _outside_models(active)
    opened_inside_run = active is not None and active.run is None and active.descends_from(run)
    return active if opened_inside_run else run


def _outside_models(state: SpanState | None) -> SpanState | None:
    """A run without a parent is not inside a model's, even where that one's span is current.

    Who reads a model's stream does so in the context in which the model is current.
    """
    while state is not None and state.run is not None and state.run.leaf:
        state = state.previous or state.parent
    return state


def _note_cut_short(error: BaseException, run_id: UUID) -> None:
    run = _RUNS.get(str(run_id))
    state = span_state(run.span._span) if run else None
    if state is None or isinstance(error, Exception):
        return
    state.cut_short = type(error).__name__
    _end_runs_below(state, state.cut_short)


def _end_runs_below(cut: SpanState, why: str) -> None:
    """LangChain does not tell of a tool's end when the tool is cancelled: it ends with the run that it is part of."""
    for run_id, run in list(_RUNS.items()):
        state = span_state(run.span._span)
        if state is not None and state is not cut and state.descends_from(cut):
            state.cut_short = why
            del _RUNS[run_id]
            run.span.end()


class _Offer:
    """What LangChain asks for a handler each time it sets up a run's callbacks; a context variable to LangChain."""

    def __init__(self) -> None:
        self.tracer: BridgedLangChainTracer | None = None
        self._registered = False

    def get(self) -> BridgedLangChainTracer | None:
        return self.tracer if _is_wanted() else None

    def register(self) -> None:
        if not self._registered:
            self._registered = True
            register_configure_hook(self, inheritable=True, handle_class=BridgedLangChainTracer)  # type: ignore[arg-type]


def _is_wanted() -> bool:
    """Whether user code has not switched it off: `mlflow.langchain.autolog(disable=True)`, or `log_traces=False`."""
    switched_off: bool = autologging.get_autologging_config("langchain", "disable", False)
    logs_traces: bool = autologging.get_autologging_config("langchain", "log_traces", True)
    return logs_traces and not switched_off


_OFFER = _Offer()


def install() -> None:
    """Trace every LangChain run from now on."""
    mlflow_langchain.MlflowLangchainTracer = BridgedLangChainTracer
    _OFFER.tracer = BridgedLangChainTracer()
    _OFFER.register()


def uninstall() -> None:
    """Trace no LangChain run any more, unless MLflow's own autologging does."""
    mlflow_langchain.MlflowLangchainTracer = MlflowLangchainTracer
    _OFFER.tracer = None
