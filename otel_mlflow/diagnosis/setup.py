"""What the doctor looks at: the settings, and what is found out on the way from one check to the next."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_mlflow.delivery.destinations import (
    EXPERIMENT,
    destination_for,
    destination_key,
    display_backend,
    resolve_defaults,
    settings_for,
)
from otel_mlflow.delivery.spool_admin import SpoolAdmin
from otel_mlflow.diagnosis.probes import Probe, databricks_uri, probe_for
from otel_mlflow.errors import SettingsError

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from otel_mlflow.backends.databricks.trace_location import TraceLocation
    from otel_mlflow.delivery.destinations.base import Connected, Destination
    from otel_mlflow.diagnosis.probes.workspace import WorkspaceProbe
    from otel_mlflow.settings import Settings


@dataclass(frozen=True)
class Limits:
    """Seconds that checks may take, each and all together."""

    each: float = 10.0
    together: float = 25.0
    """With the start of the process that makes 30 to whoever waits."""

    busy: float = 120.0
    """Where the machine has no processor free for the doctor, which takes as much longer, this is the end."""

    @property
    def timeouts(self) -> tuple[float, float]:
        """For a connection and for an answer: less than `each`, so that a check can tell what did not come."""
        return self.each * 0.3, self.each * 0.6

    @property
    def reserved(self) -> float:
        """For each check that is still to come: the last ones need no network, and are worth having."""
        return self.together / 50


LIMITS = Limits()


class Setup:
    """The settings, and what they lead to. `timeouts` are for connecting and for an answer."""

    def __init__(self, given: Settings | SettingsError, timeouts: tuple[float, float]) -> None:
        self._given = given
        self._timeouts = timeouts

    @functools.cached_property
    def settings(self) -> Settings:
        """With MLflow's own default where they name no tracking URI. Raises `SettingsError` if they are unusable."""
        if isinstance(self._given, SettingsError):
            raise self._given
        return _named(resolve_defaults(self._given))

    @functools.cached_property
    def probe(self) -> Probe:
        """The backend, to be asked questions that delivery does not ask."""
        return probe_for(self.settings, self._timeouts)

    @property
    def workspace(self) -> WorkspaceProbe:
        """The probe of a Databricks workspace, for the checks that are made of no other backend."""
        from otel_mlflow.diagnosis.probes.workspace import WorkspaceProbe

        assert isinstance(self.probe, WorkspaceProbe)
        return self.probe

    @functools.cached_property
    def location(self) -> TraceLocation | None:
        """The Unity Catalog tables that keep the experiment's traces, if any do. Raises `DeliveryError`."""
        experiment = self.connected.experiment
        if experiment is None or databricks_uri(self.settings) is None:
            return None
        return self.workspace.location_of(experiment.id)

    @functools.cached_property
    def destination(self) -> Destination:
        """The backend, as delivery writes to it. Raises `MisconfigurationError` where there is none."""
        return destination_for(self.settings)

    @functools.cached_property
    def connected(self) -> Connected:
        """What the backend answered when it was opened. Raises `DeliveryError`."""
        return self.destination.open()

    @functools.cached_property
    def client(self) -> MlflowClient:
        """MLflow's own client, by which people come by their traces."""
        from mlflow import MlflowClient

        return MlflowClient(databricks_uri(self.settings) or self.settings.tracking_uri)

    @contextmanager
    def spool_admin(self) -> Generator[SpoolAdmin, None, None]:
        """What is in the spool."""
        with closing(SpoolAdmin(self.settings.delivery.spool_dir)) as spool_admin:
            yield spool_admin


def _named(settings: Settings) -> Settings:
    """Settings with the experiment that the app uses at this backend, where nothing but the app's title names it.

    The doctor does not know the title, but the spool remembers what traces were for.
    """
    if settings.experiment_name or settings.experiment_id or settings.service_name or not settings.tracking_uri:
        return settings
    ours = f"{display_backend(settings)}{EXPERIMENT}"
    try:
        with closing(SpoolAdmin(settings.delivery.spool_dir)) as spool_admin:
            known = [each.destination for each in spool_admin.backlogs() if each.destination.startswith(ours)]
    except (OSError, sqlite3.Error):
        return settings
    apps = [destination for destination in known if destination != destination_key(settings)]
    return settings_for(apps[-1], settings) if apps else settings
