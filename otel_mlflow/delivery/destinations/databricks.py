"""A Databricks workspace: one identity, and for each experiment the place that its traces are kept in."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from otel_mlflow.backends.databricks.artifact_storage import ArtifactStorage
from otel_mlflow.backends.databricks.credentials import WorkspaceCredentials
from otel_mlflow.backends.databricks.experiments import WorkspaceExperiments
from otel_mlflow.backends.databricks.http import WorkspaceHttp
from otel_mlflow.backends.databricks.identity import who_am_i
from otel_mlflow.backends.databricks.trace_location import TraceLocation, UnityCatalogOffError, link, linked_location
from otel_mlflow.backends.experiments import Experiments, FoundExperiment
from otel_mlflow.delivery.clock import SYSTEM_CLOCK, Clock
from otel_mlflow.delivery.destinations.base import Connected
from otel_mlflow.delivery.destinations.databricks_classic import ClassicTraces
from otel_mlflow.delivery.destinations.databricks_place import Place, unusable
from otel_mlflow.delivery.destinations.databricks_rate import CREATIONS_PER_SECOND, Rate, rate_file
from otel_mlflow.delivery.destinations.follow_ups import is_follow_up, send_follow_up
from otel_mlflow.delivery.destinations.request_runs import RequestRuns
from otel_mlflow.delivery.destinations.rest_runs import RestRuns
from otel_mlflow.delivery.destinations.unity_catalog import CatalogTraces
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import (
    CredentialsRejectedError,
    ExperimentUnusableError,
    MisconfigurationError,
    RejectedError,
    TraceNotFoundError,
    UnexpectedResponseError,
)
from otel_mlflow.settings.sections import UnityCatalogSettings
from otel_mlflow.status import Experiment

SENDERS = 8
"""Requests under way at once: each waits for a cloud's round trips, and costs little here meanwhile."""


class Databricks:
    """The workspace that `tracking_uri` means, `databricks` or `databricks://profile`."""

    accepts_metadata_later = False

    def __init__(
        self,
        tracking_uri: str,
        *,
        experiment_name: str,
        experiment_id: str | None,
        unity_catalog: UnityCatalogSettings,
        timeouts: tuple[float, float],
        clock: Clock = SYSTEM_CLOCK,
        state_folder: Path | None = None,
    ) -> None:
        self._tracking_uri = tracking_uri
        self._experiment_name = experiment_name
        self._experiment_id = experiment_id
        self._wanted = unity_catalog
        self._timeouts = timeouts
        self._clock = clock
        self._state_folder = state_folder
        self._rate = Rate(CREATIONS_PER_SECOND, clock)
        self._http: WorkspaceHttp | None = None
        self._storage: ArtifactStorage | None = None

    def open(self) -> Connected:
        """Find the credentials anew, who they are, the experiment, and where its traces are kept."""
        self.close()
        credentials = WorkspaceCredentials.resolve(self._tracking_uri)
        http = self._connect(credentials)
        identity = who_am_i(http, f"Databricks at {credentials.host}")
        self._backend = f"Databricks at {credentials.host} (as {identity}, credentials from {credentials.source})"
        self._experiments = Experiments(WorkspaceExperiments(http, self._backend, identity))
        self._prepare(http)
        found = self._experiments.configured(experiment_id=self._experiment_id, name=self._experiment_name)
        self._notes: list[str] = []
        self._places: dict[str | None, Place] = {None: self._placed(found)}
        url = f"{credentials.host}/ml/experiments/{found.id}"
        experiment = Experiment(found.id, found.name, url)
        return Connected(credentials.host, experiment, identity, credentials.described, "; ".join(self._notes))

    def close(self) -> None:
        """Close the connections."""
        self._rate.close()
        for connections in (self._http, self._storage):
            if connections is not None:
                connections.close()
        self._http = self._storage = None

    def needs_info(self, trace: SpooledTrace) -> bool:
        """A workspace knows of a trace by its info."""
        return True

    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Send the batch to where its experiment's traces are kept."""
        name = batch[0].experiment
        try:
            self._send(batch, self._place_of(name))
        except (CredentialsRejectedError, UnexpectedResponseError, ExperimentUnusableError):
            raise
        except MisconfigurationError as error:
            self._forget(name)
            raise unusable(error) if name is not None else error from error

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """Create the assessment where the trace is: in tables, or in a classic experiment."""
        if is_follow_up(feedback):
            send_follow_up(feedback, self._tracking_uri)
            return
        in_tables = {place.location is not None for place in self._places.values()}
        ways = [self._catalog.log_assessment] * (True in in_tables) + [self._classic.log_assessment] * (
            False in in_tables
        )
        for way in ways[:-1]:
            with contextlib.suppress(TraceNotFoundError):
                way(feedback)
                return
        ways[-1](feedback)

    def _connect(self, credentials: WorkspaceCredentials) -> WorkspaceHttp:
        self._http = WorkspaceHttp(credentials, self._tracking_uri, connections=SENDERS, timeouts=self._timeouts)
        return self._http

    def _prepare(self, http: WorkspaceHttp) -> None:
        self._rate.close()
        file = rate_file(self._state_folder, http.credentials.host) if self._state_folder is not None else None
        rate = self._rate = Rate(CREATIONS_PER_SECOND, self._clock, file)
        self._storage = ArtifactStorage(http, self._backend, connections=SENDERS, timeouts=self._timeouts)
        runs = RequestRuns(RestRuns(http, self._backend))
        self._classic = ClassicTraces(
            http, self._storage, runs, rate, backend=self._backend, senders=SENDERS, clock=self._clock
        )
        self._catalog = CatalogTraces(http, runs, rate, backend=self._backend, senders=SENDERS)

    def _send(self, batch: Sequence[SpooledTrace], place: Place) -> None:
        try:
            if place.location is not None:
                self._catalog.send(batch, place, place.location)
            else:
                self._classic.send(batch, place)
        except RejectedError:
            # A trace and a missing experiment are refused in the same words: check whether it is the experiment.
            self._experiments.configured(experiment_id=place.experiment.id, name=place.experiment.name)
            raise

    def _place_of(self, name: str | None) -> Place:
        if name not in self._places:
            assert name is not None, "the configured experiment's place is known from the start"
            self._places[name] = self._placed(self._experiments.named(name))
        return self._places[name]

    def _placed(self, found: FoundExperiment) -> Place:
        """Where the experiment's traces are kept: not in tables where the workspace has those switched off."""
        try:
            location = self._location(found)
            if location is not None:
                self._catalog.probe(location)
        except UnityCatalogOffError as error:
            self._notes.append(f"{error.reason}; the traces go to the classic experiment instead")
            return Place(found)
        return Place(found, location)

    def _location(self, found: FoundExperiment) -> TraceLocation | None:
        assert self._http is not None, "open() comes first"
        return link(self._http, self._backend, found, self._wanted) if self._wanted.catalog else linked_location(found)

    def _forget(self, name: str | None) -> None:
        if name is not None:
            self._places.pop(name, None)
            self._experiments.forget(name)
