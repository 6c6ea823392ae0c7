"""LangChain's runs as spans with the right parents, on LangChain's own callback hooks.

MLflow's LangChain tracer knows how a run becomes a span: names, types, inputs, outputs, tokens. What is ours is where
the span hangs, and how a run ends that is cut short or paused. Ours are put in place of the tracer's methods, so that
it does not matter who made a tracer, and when: LangChain gets one of ours through `register_configure_hook`, where
MLflow's `mlflow.langchain.autolog()` would wrap methods of LangChain's classes, unless the application passes one.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import mlflow.utils.autologging_utils
from langchain_core.callbacks import CallbackManager
from langchain_core.tracers.context import register_configure_hook
from mlflow.entities import LiveSpan, NoOpSpan, SpanStatus, SpanStatusCode
from mlflow.langchain.langchain_tracer import MlflowLangchainTracer
from mlflow.tracing.fluent import start_span_no_context

from otel_mlflow import mlflow_names
from otel_mlflow.spans.langchain import runs as langchain_runs
from otel_mlflow.spans.langchain.pauses import is_pause, outputs_of
from otel_mlflow.spans.mlflow.self_test import NAME, SelfTest
from otel_mlflow.spans.mlflow.views import live_span
from otel_mlflow.spans.records.encoding import UNNAMED

autologging: Any = mlflow.utils.autologging_utils

_NO_SPAN: Any = NoOpSpan()  # type: ignore[no-untyped-call]
"""Stands for a run that is over already, or was never traced: what is told of it goes nowhere."""

_OK = SpanStatus(SpanStatusCode.OK)


class BridgedLangChainTracer(MlflowLangchainTracer):
    """The methods of MLflow's tracer that are ours.

    It asks to be called inline, in the context of the run, where the current span is the right one.
    """

    @property
    def run_inline(self) -> bool:
        """Whether asynchronous runs call back in their own context."""
        return True

    @run_inline.setter
    def run_inline(self, value: bool) -> None:
        vars(self)["run_inline"] = value

    def _start_span(
        self,
        span_name: str,
        parent_run_id: UUID | None,
        span_type: str,
        run_id: UUID,
        inputs: Any = None,
        attributes: dict[str, Any] | None = None,
    ) -> LiveSpan:
        if (told := langchain_runs.told_before(run_id)) is not None:
            return live_span(told) or _NO_SPAN
        span = start_span_no_context(
            span_name,
            span_type=span_type,
            parent_span=self._get_parent_span(parent_run_id),
            inputs=inputs,
            attributes=self._serialize_invocation_params(attributes),
        )
        langchain_runs.begin(span, run_id, span_type)
        return span

    def _get_parent_span(self, parent_run_id: UUID | None) -> LiveSpan | None:
        state = langchain_runs.parent_of_run(parent_run_id)
        return live_span(state) if state is not None else None

    def _get_span_by_run_id(self, run_id: UUID) -> LiveSpan:
        state = langchain_runs.run_state(run_id)
        return (live_span(state) if state is not None else None) or _NO_SPAN

    def _end_span(
        self,
        run_id: UUID,
        span: LiveSpan,
        outputs: Any = None,
        attributes: dict[str, Any] | None = None,
        status: SpanStatus = _OK,
    ) -> None:
        span.end(outputs=outputs, attributes=attributes, status=status)
        langchain_runs.end(run_id)

    def _assign_span_name(self, serialized: dict[str, Any] | None, default_name: str = UNNAMED) -> str:
        """A step that is a lambda has neither a name nor a description."""
        return str((serialized or {}).get("name") or (serialized or {}).get("id", [default_name])[-1])

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **rest: Any) -> None:
        """A model has more of an answer."""
        _MLFLOW_S["on_llm_new_token"](self, token, run_id=run_id, **rest)
        langchain_runs.hand_to_reader(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **rest: Any) -> None:
        """A chain has failed, was cancelled or is paused."""
        self._end_with_error("on_chain_error", error, run_id, rest)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **rest: Any) -> None:
        """A model has failed or was cancelled."""
        self._end_with_error("on_llm_error", error, run_id, rest)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **rest: Any) -> None:
        """A tool has failed, was cancelled or waits for a human."""
        self._end_with_error("on_tool_error", error, run_id, rest)

    def _end_with_error(self, name: str, error: BaseException, run_id: UUID, rest: dict[str, Any]) -> None:
        if is_pause(error):
            self._end_span(run_id, self._get_span_by_run_id(run_id), outputs=outputs_of(error))
            return
        state = langchain_runs.run_state(run_id)
        if state is not None and not isinstance(error, Exception):
            state.cut_short = type(error).__name__
            langchain_runs.end_runs_below(state, state.cut_short)
        _MLFLOW_S[name](self, error, run_id=run_id, **rest)


_OURS: dict[str, Any] = {
    name: value for name, value in vars(BridgedLangChainTracer).items() if callable(value) or name == "run_inline"
}
_MLFLOW_S: dict[str, Any] = {name: vars(MlflowLangchainTracer).get(name) for name in _OURS}


class _Offer:
    """What LangChain asks for a handler each time it sets up a run's callbacks; a context variable to LangChain."""

    def __init__(self) -> None:
        self.tracer: MlflowLangchainTracer | None = None
        self._registered = False

    def get(self) -> MlflowLangchainTracer | None:
        return self.tracer if _is_wanted() else None

    def register(self) -> None:
        if not self._registered:
            self._registered = True
            register_configure_hook(self, inheritable=True, handle_class=MlflowLangchainTracer)  # type: ignore[arg-type]


def _is_wanted() -> bool:
    """Whether user code has not switched it off: `mlflow.langchain.autolog(disable=True)`, or `log_traces=False`."""
    switched_off: bool = autologging.get_autologging_config("langchain", "disable", False)
    logs_traces: bool = autologging.get_autologging_config("langchain", "log_traces", True)
    return logs_traces and not switched_off


_OFFER = _Offer()


def install() -> None:
    """Trace every LangChain run from now on."""
    for name, value in _OURS.items():
        setattr(MlflowLangchainTracer, name, value)
    _OFFER.tracer = MlflowLangchainTracer()
    _OFFER.register()


def check(self_test: SelfTest) -> str | None:
    """Whether a run that LangChain tells of becomes a span of ours; what is wrong with it, else None."""
    return self_test.failure(_tell_of_run, {mlflow_names.SPAN_TYPE: '"CHAIN"', mlflow_names.SPAN_INPUTS: f'"{NAME}"'})


def _tell_of_run() -> None:
    """As LangChain does, but of the handlers the tracer alone: the others are the application's."""
    run = CallbackManager([MlflowLangchainTracer()]).on_chain_start({"name": NAME}, NAME)
    run.on_chain_end(NAME)


def uninstall() -> None:
    """Trace no LangChain run any more, unless MLflow's own autologging does."""
    _OFFER.tracer = None
    for name, value in _MLFLOW_S.items():
        if value is not None:
            setattr(MlflowLangchainTracer, name, value)
        elif name in vars(MlflowLangchainTracer):
            delattr(MlflowLangchainTracer, name)
