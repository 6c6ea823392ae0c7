"""An MLflow tracking server: spans over OTLP, many traces in one request, and the rest over MLflow's REST API."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.backends.experiments import Experiments
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import check_info_taken, check_spans_taken, json_from
from otel_mlflow.backends.rest_experiments import RestExperiments
from otel_mlflow.backends.server_version import PATH, version_in
from otel_mlflow.backends.tracking_credentials import TrackingCredentials
from otel_mlflow.delivery.destinations.assessments import log_assessment
from otel_mlflow.delivery.destinations.base import Connected, partially_rejected
from otel_mlflow.delivery.destinations.databricks_structure import structured
from otel_mlflow.delivery.destinations.follow_ups import is_follow_up, send_follow_up
from otel_mlflow.delivery.destinations.otlp import PROTOBUF, attributed_to, spans_in
from otel_mlflow.delivery.destinations.previews import previews_from
from otel_mlflow.delivery.destinations.request_runs import RequestRuns
from otel_mlflow.delivery.destinations.rest_runs import RestRuns
from otel_mlflow.delivery.destinations.trace_info import is_told_by_otlp, latest_info, needs_request, trace_info
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import (
    CredentialsRejectedError,
    DeliveryError,
    MisconfigurationError,
    RejectedError,
    RetryableError,
    UnexpectedResponseError,
)
from otel_mlflow.status import Experiment

SENDERS = 4
"""Requests under way at once. What OTLP does not carry takes a request a trace; a server with several workers
answers four at a time twice as fast as one after the other, and eight no faster (benchmarks/delivery.py)."""

OTLP = "/v1/traces"
TRACES = "/api/3.0/mlflow/traces"

NOT_OF_EXPERIMENT = (CredentialsRejectedError, UnexpectedResponseError)
"""Errors of which no experiment can be the cause: to ask for it might fail in another way, and hide them."""


class MlflowServer:
    """The tracking server at `uri`."""

    accepts_metadata_later = True
    """Not with a server that needs to be given previews: they are made of the spans, which must be at hand."""

    def __init__(
        self,
        uri: str,
        *,
        experiment_name: str,
        experiment_id: str | None,
        timeouts: tuple[float, float],
        workspace: str | None = None,
    ) -> None:
        self._uri = uri.rstrip("/")
        self._experiment_name = experiment_name
        self._experiment_id = experiment_id
        self._timeouts = timeouts
        self._workspace = workspace
        self._client: HttpClient | None = None

    def open(self) -> Connected:
        """Read the credentials anew and find the experiment."""
        self.close()
        credentials = TrackingCredentials.read(self._uri, self._workspace)
        client = self._client = credentials.client(connections=SENDERS, timeouts=self._timeouts)
        self._backend = credentials.backend
        self._version = version_in(client.get(PATH, {}))
        self.accepts_metadata_later = is_told_by_otlp(self._version)
        self._experiments = Experiments(RestExperiments(client, self._backend))
        self._runs = RequestRuns(RestRuns(client, self._backend))
        found = self._experiments.configured(experiment_id=self._experiment_id, name=self._experiment_name)
        self._configured_id = found.id
        url = f"{credentials.shown_uri}/#/experiments/{found.id}"
        experiment = Experiment(found.id, found.name, url)
        return Connected(credentials.shown_uri, experiment, credentials.identity, credentials.source)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def needs_info(self, trace: SpooledTrace) -> bool:
        """Where OTLP does not carry all of it, or the server does not understand it."""
        return needs_request(trace, self._version)

    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Spans first, then the info that there is, with its run before it where it is to have one.

        The other way round would cost the server a third less. But then a trace whose spans are refused, or still on
        their way, stands in MLflow without any, which its client takes for a fault of the artifact storage.
        """
        experiment_id = self._experiment_of(batch[0])
        spans = b"".join(trace.spans for trace in batch)
        if spans:
            with attributed_to(batch):
                self._send_spans(spans, experiment_id, batch[0].experiment)
        self.send_infos(batch)

    def send_infos(self, batch: Sequence[SpooledTrace]) -> None:
        """Send what OTLP does not carry: the info of those that have one, and its run where it is to have one."""
        experiment_id = self._experiment_of(batch[0])
        refused: dict[str, str] = {}
        send_info = functools.partial(self._send_info, experiment_id=experiment_id, refused=refused)
        with_info = latest_info(batch)
        map_parallel(with_info, send_info, threads=min(SENDERS, len(with_info)))
        if refused:
            raise partially_rejected(batch, refused)

    def knows(self, trace_id: str) -> bool:
        """Whether it has the trace, or something of it."""
        response = self._http.get(f"{TRACES}/{trace_id}", {})
        if response.error_code == "RESOURCE_DOES_NOT_EXIST":
            return False
        json_from(response, self._backend)
        return True

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """Create the assessment."""
        if is_follow_up(feedback):
            send_follow_up(feedback, self._uri)
            return
        path = f"{TRACES}/{feedback.trace_id}/assessments"
        log_assessment(self._http, self._backend, feedback, path, feedback.payload)

    @property
    def _http(self) -> HttpClient:
        assert self._client is not None, "open() comes first"
        return self._client

    def _experiment_of(self, trace: SpooledTrace) -> str:
        return self._configured_id if trace.experiment is None else self._experiments.id_of(trace.experiment)

    def _send_info(self, trace: SpooledTrace, *, experiment_id: str, refused: dict[str, str]) -> None:
        try:
            run_id = self._runs.run_of(trace, experiment_id)
            info = trace_info(trace, experiment_id, run_id, self._previews(trace))
            check_info_taken(self._http.post_json(TRACES, info), self._backend, trace.trace_id)
        except RejectedError as error:
            self._check_experiment(experiment_id, trace.experiment)
            refused[trace.trace_id] = error.reason
        except NOT_OF_EXPERIMENT:
            raise
        except MisconfigurationError:
            self._check_experiment(experiment_id, trace.experiment)
            raise

    def _previews(self, trace: SpooledTrace) -> dict[str, str | None]:
        """The previews, for a server that does not work them out."""
        if self.accepts_metadata_later:
            return {}
        return previews_from(structured(span) for span in spans_in([trace.spans]))

    def _send_spans(self, spans: bytes, experiment_id: str, experiment: str | None) -> None:
        response = self._http.post(OTLP, spans, {**PROTOBUF, "x-mlflow-experiment-id": experiment_id})
        try:
            check_spans_taken(response, self._backend)
        except (RetryableError, *NOT_OF_EXPERIMENT):
            raise
        except DeliveryError:
            self._check_experiment(experiment_id, experiment)
            raise

    def _check_experiment(self, experiment_id: str, name: str | None) -> None:
        """MLflow refuses a trace and a missing experiment in the same words: check whether it is the experiment."""
        if name is None:
            self._experiments.configured(experiment_id=experiment_id, name="")
        else:
            self._experiments.forget(name)
            if self._experiments.id_of(name) != experiment_id:
                raise MisconfigurationError(f"experiment {name!r} was deleted and made anew", "")
