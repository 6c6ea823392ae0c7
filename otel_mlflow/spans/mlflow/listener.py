"""What MLflow keeps of a trace as its spans start and end, by MLflow's own functions.

MLflow takes note when a root span starts: of the active model, an evaluation, the scope of `mlflow.tracing.context()`,
the destination. In a request, the spans that MLflow alone would take for roots are those of its API with no other such
span above them; what belongs to those belongs to the request's trace.

Their experiment, too (`set_destination`, `trace_destination`, `experiment_id`): a trace has one, and the first of them
that names one decides. A trace that began in another process stays where that one has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mlflow.tracing.fluent
import mlflow.tracing.provider
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext

from otel_mlflow import mlflow_names
from otel_mlflow.backends.experiments import experiment_by_id
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.mlflow.client import Evaluated
from otel_mlflow.spans.mlflow.views import trace_info
from otel_mlflow.spans.propagation import MlflowSpanContext
from otel_mlflow.spans.registry import find_span_state
from otel_mlflow.spans.scopes import is_mlflow_s
from otel_mlflow.spans.trace import OpenTrace, SpanState

mlflow_fluent: Any = mlflow.tracing.fluent
mlflow_provider: Any = mlflow.tracing.provider

_OF_EVERY_TRACE = (mlflow_names.TRACE_SCHEMA_VERSION, "mlflow.user", "mlflow.source.", mlflow_names.TRACE_NAME)
"""What is written of every trace anyway."""


class MlflowListener:
    """MLflow's bookkeeping. Called in the context in which a span starts or ends."""

    def __init__(self, has_joined: Callable[[int], bool], evaluated: Evaluated) -> None:
        self._evaluated = evaluated
        self._has_joined = has_joined
        self._remembers_last = INTEGRATIONS.works("mlflow_last_trace")
        # Its package has a function of the same name.
        self._scopes = INTEGRATIONS.module("mlflow_scopes", "mlflow.tracing.context")
        self._config = INTEGRATIONS.module("mlflow_trace_info", "mlflow.tracing.config")
        self._processor: Any = None
        if INTEGRATIONS.works("mlflow_trace_info"):
            from mlflow.tracing.processor.mlflow_v3 import MlflowV3SpanProcessor

            exporter: Any = None
            self._processor = MlflowV3SpanProcessor(span_exporter=exporter, export_metrics=False)

    def began(self, state: SpanState) -> None:
        """Note what MLflow would of a span that it alone would take for the root of a trace, or that is one."""
        if self._processor is not None:
            if state.from_mlflow or self._is_in_scope():
                self._note_trace_info(state)
            self._note_destination(state)

    def ended(self, state: SpanState) -> None:
        """A span is over: keep what only its view has, and tell `get_last_active_trace_id()`."""
        live = state.live or (state.holder() if state.holder is not None else None)
        if live is not None and getattr(live, "_attachments", None):
            state.attachments = dict(live._attachments)
        if (
            not state.from_mlflow
            and self._config is not None
            and (maskers := self._config.get_config().span_processors)
        ):
            state.maskers = tuple(maskers)
        if state.parent is None or (state.from_mlflow and not state.below_mlflow):
            self._ended_root(state.trace)

    def _ended_root(self, trace: OpenTrace) -> None:
        if self._remembers_last:
            mlflow_fluent._set_last_active_trace_id(trace.identity.mlflow_trace_id)
        if trace.info is not None:
            self._note_evaluation(trace)

    def joined(self, span: ReadableSpan | None, remote: SpanContext) -> MlflowSpanContext | None:
        """The caller's span that user code has made current by HTTP headers: MLflow has told, or it is one of ours.

        MLflow's API opens spans below a caller only where user code has asked for it.
        """
        has_joined = self._has_joined(remote.trace_id)
        if not has_joined and (span is None or not is_mlflow_s(span)):
            return None
        known = find_span_state(remote.trace_id, remote.span_id)
        if known is None and not has_joined:
            return None
        return MlflowSpanContext(known.trace.identity.mlflow_trace_id_int if known else remote.trace_id, remote.span_id)

    def _is_in_scope(self) -> bool:
        """Whether `mlflow.tracing.context()` is round this."""
        scopes = self._scopes
        return scopes is not None and bool(scopes.get_configured_trace_metadata() or scopes.get_configured_trace_tags())

    def _note_evaluation(self, trace: OpenTrace) -> None:
        """MLflow's evaluation asks for its traces by an id of its own, and at once."""
        request_id = trace.info.tags.get(mlflow_names.EVAL_REQUEST_ID)
        if request_id and INTEGRATIONS.works("mlflow_client"):
            mlflow_fluent._EVAL_REQUEST_ID_TO_TRACE_ID[request_id] = trace.identity.mlflow_trace_id
            self._evaluated.note(trace.identity.mlflow_trace_id)

    def _note_trace_info(self, state: SpanState) -> None:
        processor, in_request = self._processor, state.parent is not None
        metadata = _beyond_every_trace(processor._get_basic_trace_metadata())
        tags = _beyond_every_trace(processor._get_basic_trace_tags(state.span))
        if in_request or state.trace.exchange is not None:
            # MLflow looks for the latest run of any thread: another request's, as like as not. Ours has its own.
            metadata.pop(mlflow_names.SOURCE_RUN, None)
        if metadata or tags:
            info = trace_info(state.trace)
            info.trace_metadata.update(metadata)
            info.tags.update(tags)

    def _note_destination(self, state: SpanState) -> None:
        """The experiment that the span names, or the one that is set for this context."""
        destination = getattr(mlflow_provider._MLFLOW_TRACE_USER_DESTINATION.get(), "experiment_id", None)
        experiment_id = (_own_experiment(state) if state.from_mlflow else None) or destination
        if experiment_id and state.trace.experiment is None and not state.trace.fragment:
            state.trace.experiment = experiment_by_id(str(experiment_id))


def _own_experiment(state: SpanState) -> str | None:
    if state.span is None:
        return None
    own = (state.span.attributes or {}).get(mlflow_names.EXPERIMENT_ID)
    return own.strip('"') if isinstance(own, str) else None


def _beyond_every_trace(known: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in known.items() if not key.startswith(_OF_EVERY_TRACE)}
