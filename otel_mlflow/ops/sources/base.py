"""What the dashboard asks of the place where the traces are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.summary import Summary

if TYPE_CHECKING:
    from otel_mlflow.backends.experiments import FoundExperiment
    from otel_mlflow.backends.rest_experiments import RestExperiments

MOST_ROWS = 20
"""Rows of a list of requests, users or sessions."""

MOST_LINES = 5
"""Models, users or kinds of feedback whose course over time is told: those with the most."""

MOST_KINDS = 10_000
"""Rows of a list by route, model, tool or feedback: a list that is longer says that it is cut."""


@dataclass(frozen=True)
class Wanted:
    """The experiment of the settings: by id, where there is one, else by name."""

    name: str
    id: str | None = None

    def found_by(self, experiments: RestExperiments, backend: str) -> FoundExperiment:
        """Look it up. Raises `MisconfigurationError` where it is not there (yet)."""
        found = experiments.by_id(self.id) if self.id else experiments.by_name(self.name)
        if found is None:
            raise self.missing_in(backend)
        return found

    def missing_in(self, backend: str) -> MisconfigurationError:
        """What to say where it is not."""
        wanted = f"id {self.id}" if self.id else repr(self.name)
        return MisconfigurationError(
            f"{backend} has no experiment {wanted}", "wait for the first trace, or correct experiment_name"
        )


class Source(Protocol):
    """One backend. Called on threads of the dashboard's own, several at once."""

    def summary(self, question: Question) -> Summary:
        """Have the backend count.

        Raises `DeliveryError` (`RetryableError`, `MisconfigurationError`) with what to do when it cannot.
        """

    def refreshed(self, summary: Summary) -> Summary:
        """The same with what can be had without asking the backend once more."""
