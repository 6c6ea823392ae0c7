"""`Tracing`: owns the parts, and tells how they are doing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING

from otel_mlflow import heap, logs
from otel_mlflow.content import Redactor
from otel_mlflow.delivery.destinations import experiment_name
from otel_mlflow.delivery.destinations.follow_ups import joined_request
from otel_mlflow.delivery.destinations.libraries import import_libraries
from otel_mlflow.delivery.records import TraceRecord
from otel_mlflow.errors import ArgumentTypeError, TracingSetupError
from otel_mlflow.http.exchange import Scope
from otel_mlflow.http.excluded_urls import ExcludedUrls
from otel_mlflow.http.sampling import within_rate
from otel_mlflow.integrations import INTEGRATIONS, LeftOut
from otel_mlflow.settings import Settings, load_or_disable
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.caller_key import CallerKey
from otel_mlflow.spans.mlflow import runs
from otel_mlflow.spans.mlflow.autologging import FlavourOff
from otel_mlflow.spans.mlflow.follow_ups import (
    take_assessments,
    take_attachments,
    take_deleted_tags,
    take_prompts,
    take_tags,
)
from otel_mlflow.spans.mlflow.other_instrumentations import log_other_instrumentations
from otel_mlflow.spans.mlflow.process_metadata import process_metadata
from otel_mlflow.spans.observer import RequestObserver
from otel_mlflow.spans.records.writer import TraceWriter
from otel_mlflow.spans.trace import OpenTrace, SpanState
from otel_mlflow.startup import FirstState, log_state, log_unusable_settings, log_waiting, make_visible

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from otel_mlflow.delivery import Delivery, DeliveryState, Outcome
    from otel_mlflow.http.exchange import Exchange
    from otel_mlflow.spans.bridge import TraceSink
    from otel_mlflow.status import Status

DEFAULT_SERVICE_NAME = "otel-mlflow"


class Tracing:
    """Traces requests into one MLflow experiment.

    Wires MLflow, LangChain and OpenTelemetry together when it is made, without any network; delivery starts with
    `start()`, which the middleware calls when the server starts or the first request comes.

    Without `settings` they come from the environment and the YAML file; where those cannot be used, nothing is traced,
    and the log and `status()` say why. Raises `TracingSetupError` with `strict` only, and `ArgumentTypeError`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        tracer_provider: TracerProvider | None = None,
        experiment_for: Callable[[Scope], str | None] | None = None,
        delivery: Delivery | None = None,
        title: str | None = None,
    ) -> None:
        _check(settings, tracer_provider, experiment_for)
        chosen, self._trouble = (settings, None) if settings is not None else load_or_disable()
        self.settings = _named(chosen, title)
        self.experiment_for = experiment_for
        self.redactor = Redactor.compile(self.settings.tracing.redact_keys)
        self.tracer_provider = tracer_provider
        self._service_name = self.settings.service_name or DEFAULT_SERVICE_NAME
        self.caller_key = CallerKey(self.settings.tracing.caller_key)
        self.longest_content = self.settings.tracing.max_content_bytes
        self._writer = TraceWriter(self.settings, self._service_name, process_metadata)
        self.excluded_urls = ExcludedUrls(self.settings.tracing.excluded_urls)
        self.observer: RequestObserver | None = None
        self._started = False
        self._first_state = FirstState()
        self.delivery = delivery if delivery is not None else delivery_for(self.settings)
        self.delivery.subscribe(log_state)
        self.delivery.subscribe(self._on_change)
        # Also where nothing is traced: a log format that names the trace must not break there.
        logs.install(self)
        if self._trouble is not None:
            log_unusable_settings(self._trouble)
        if self.settings.tracing.enabled:
            if BRIDGE.diversion is None:
                import_libraries(self.delivery.settings)
            BRIDGE.install(self, tracer_provider, self._service_name, self.settings.tracing.autolog)
            runs.use_tracking_uri(self.delivery.settings.tracking_uri)
            runs.use_experiment_named(experiment_name(self.settings))
            self._require_integrations()

    def __repr__(self) -> str:
        return f"Tracing(experiment_name={self.settings.experiment_name!r}, started={self._started})"

    def __reduce__(self) -> tuple[Callable[..., Tracing], tuple[Settings]]:
        """Where an application is pickled its settings go along; it traces anew where it arrives."""
        return functools.partial(Tracing, experiment_for=self.experiment_for), (self.settings,)

    def start(self) -> None:
        """Start delivering. Returns at once, and starting again changes nothing.

        With `strict` it waits until it is clear whether traces arrive, and raises `TracingSetupError` if they do not.
        """
        if not self._started and self.settings.tracing.enabled and BRIDGE.diversion is None:
            self._started = True
            if self.settings.freeze_heap:
                heap.freeze(self)
            make_visible()
            log_other_instrumentations(BRIDGE.flavours)
            self.delivery.start(self)
            if self.settings.strict:
                self._first_state.require_ok()

    def status(self) -> Status:
        """How tracing is doing, without any network."""
        status = with_left_out(self.delivery.status(), [*INTEGRATIONS.left_out, *BRIDGE.flavours_off])
        if self._trouble is None:
            return status
        return replace(status, state="failed", reason=str(self._trouble), fix="correct the setting, and restart")

    def flush(self, timeout: float = 30.0) -> bool:
        """Wait up to `timeout` seconds until all that was handed over is delivered; False where something is not.

        Before `start()`, and after the application's lifespan has ended, delivery starts for it. Raises
        `ArgumentTypeError` for a timeout that is no number.
        """
        _check_seconds(timeout)
        return self.delivery.flush(timeout)

    def drain(self) -> None:
        """At the end of the application's lifespan: write everything down and deliver for `delivery.shutdown_timeout`.

        The spans of what still runs are taken as before; `start()`, or the next lifespan, goes on. What the process
        delivers elsewhere is delivered meanwhile.
        """
        from otel_mlflow.delivery.delivery import end_beside_others

        BRIDGE.hand_over_open_traces(self)
        end_beside_others(self.delivery, self._end_delivery)

    def _end_delivery(self) -> None:
        if self._started:
            self._started = False
            self.delivery.shutdown(user=self)
            left = self.delivery.status()
            log_waiting(left.counts.pending, left.spool.folder)

    def shutdown(self, timeout: float | None = None) -> None:
        """Deliver for up to `timeout` seconds (default: `delivery.shutdown_timeout`); the rest stays in the spool.

        Raises `ArgumentTypeError` for a timeout that is no number, and ends nothing then.
        """
        if timeout is not None:
            _check_seconds(timeout)
        BRIDGE.hand_over_open_traces(self)
        BRIDGE.uninstall(self)
        logs.uninstall(self)
        heap.unfreeze(self)
        self.delivery.shutdown(timeout, user=self)

    @property
    def experiment_id(self) -> str | None:
        """The id of the experiment, None as long as MLflow has not told it."""
        experiment = self.delivery.experiment
        return experiment.id if experiment is not None else None

    def trace_url(self, trace_id: str) -> str:
        """Where a trace opens in the MLflow UI, empty as long as the experiment is not known."""
        experiment = self.delivery.experiment
        if experiment is None or not experiment.url:
            return ""
        return f"{experiment.url}/traces?selectedEvaluationId={trace_id}"

    def experiments(self, exchange: Exchange | None) -> tuple[str, ...]:
        """The names that the experiment of a request, or of what belongs to none, goes by; the configured one first."""
        chosen = exchange.choose_experiment() if exchange is not None else None
        return (chosen,) if chosen is not None else experiment_names(self.settings, self.delivery)

    def enqueue(self, trace: OpenTrace) -> None:
        """Queue a trace of which something is finished."""
        self._sink.put(trace)

    def write_spans(self, trace: OpenTrace, spans: list[SpanState]) -> list[bytes]:
        """Write some spans down."""
        return self._writer.write_spans(trace, spans)

    def enqueue_written(self, record: TraceRecord) -> None:
        """Queue more of a trace, which is written down already."""
        self._sink.put_written(record)

    def writes_quickly(self, state: SpanState) -> bool:
        """Whether a span is written in some microseconds, whatever else is."""
        return self._writer.writes_quickly(state)

    def let_writer_in(self) -> None:
        """Let what is queued be written on."""
        self._sink.let_writer_in()

    def count(self, outcome: Outcome) -> None:
        """Account for a request that leaves no trace."""
        self._sink.count(outcome)

    def samples(self, trace_id: int) -> bool:
        """Whether a trace is among those that are kept by their id (`tracing.sample_rate`)."""
        return within_rate(trace_id, self.settings.tracing.sample_rate)

    def nearest_exported(self, state: SpanState) -> SpanState:
        """The span itself if MLflow is going to show it, else the nearest one above it."""
        return self._writer.nearest_exported(state)

    def write(self, trace: OpenTrace, spans: list[SpanState], *, is_changed: bool) -> TraceRecord:
        """Write finished spans down."""
        sink = self._sink
        for payload in (take_assessments(trace) if is_changed else []) + take_tags(trace) + take_deleted_tags(trace):
            redacted = self.redactor.json_text(payload.decode()).encode()
            sink.put_feedback(trace.identity.mlflow_trace_id, redacted)
        attachments = take_attachments(spans) if self.settings.tracing.capture_input_output else []
        for payload in attachments + take_prompts(trace):
            sink.put_feedback(trace.identity.mlflow_trace_id, payload)
        record = self._writer.write(trace, spans, is_changed=is_changed)
        if is_changed and trace.metadata.joined_as is not None:
            self._write_runs(trace, trace.metadata.joined_as)
        return record

    @property
    def _sink(self) -> TraceSink:
        """Who takes what requests have finished: delivery, or `testing.capture()` in its place."""
        return BRIDGE.diversion or self.delivery

    def _write_runs(self, trace: OpenTrace, span_id: str) -> None:
        """Write down the runs of a request of which no trace info tells: that is its caller's."""
        if runs_of_request := self._writer.runs(trace):
            trace_id = trace.identity.mlflow_trace_id
            payload = joined_request(f"{trace_id}/{span_id}", runs_of_request)
            self._sink.put_feedback(trace_id, payload)

    def _require_integrations(self) -> None:
        """Raises `TracingSetupError` with `strict` where an integration is left out."""
        left_out = INTEGRATIONS.left_out
        if left_out and self.settings.strict:
            BRIDGE.uninstall(self)
            logs.uninstall(self)
            raise TracingSetupError("; ".join(f"{each.reason}; {each.fix}" for each in left_out))

    def _on_change(self, state: DeliveryState) -> None:
        if state.state != "starting":
            heap.settle()
        self._first_state.set(state)
        experiment = state.connected.experiment if state.connected is not None else None
        if experiment is not None:
            runs.use_experiment(experiment.id)


def _check(settings: object, tracer_provider: object, experiment_for: object) -> None:
    """Raise `ArgumentTypeError` for what would fail later, in requests."""
    if settings is not None and not isinstance(settings, Settings):
        raise ArgumentTypeError("settings", settings, "otel_mlflow.Settings(…), or None for those of the environment")
    provider_is_usable = not isinstance(tracer_provider, type) and hasattr(tracer_provider, "get_tracer")
    if tracer_provider is not None and not provider_is_usable:
        raise ArgumentTypeError("tracer_provider", tracer_provider, "a TracerProvider of OpenTelemetry's, or None")
    if experiment_for is not None and not callable(experiment_for):
        expected = "a function of a scope, or None; one experiment for all requests is Settings(experiment_name=…)"
        raise ArgumentTypeError("experiment_for", experiment_for, expected)


def _check_seconds(timeout: object) -> None:
    """Raise `ArgumentTypeError` for what waiting would stumble over half-way."""
    if not isinstance(timeout, Real) or timeout != timeout:
        raise ArgumentTypeError("timeout", timeout, "a number of seconds, which NaN is not")


def _named(settings: Settings, title: str | None) -> Settings:
    """Settings whose service is named after the application, where nothing else names it."""
    if settings.service_name or not title:
        return settings
    return settings.model_copy(update={"service_name": title})


def experiment_names(settings: Settings, delivery: Delivery) -> tuple[str, ...]:
    """What the experiment of the settings goes by: the configured name or id, and what the backend calls it."""
    configured = settings.experiment_name or settings.experiment_id or experiment_name(settings)
    known = delivery.experiment
    return (configured, *((known.name, known.id) if known is not None else ()))


def delivery_for(settings: Settings) -> Delivery:
    """The durable way from here to MLflow, shared by all in this process who deliver to the same place."""
    from otel_mlflow.delivery.delivery import shared_delivery

    return shared_delivery(settings)


def with_left_out(status: Status, left_out: Sequence[LeftOut | FlavourOff]) -> Status:
    """The status, degraded by what is left out; where nothing works at all for another reason, that comes first."""
    if not left_out or status.state == "disabled":
        return status
    reasons, fixes = [each.reason for each in left_out], [each.fix for each in left_out]
    own = [status.reason] if status.reason and status.reason not in reasons else []
    if status.state == "failed" and own:
        return replace(status, reason="; ".join(own + reasons))
    return replace(
        status, state="degraded", reason="; ".join(reasons + own), fix="; ".join(dict.fromkeys(fixes)) or status.fix
    )
