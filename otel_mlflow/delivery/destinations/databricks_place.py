"""Where in a workspace a trace goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from otel_mlflow.backends.databricks.trace_location import TraceLocation
from otel_mlflow.backends.experiments import FoundExperiment
from otel_mlflow.backends.proof import json_from
from otel_mlflow.backends.response import Response, error_for
from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.errors import (
    DeliveryError,
    ExperimentUnusableError,
    MisconfigurationError,
    PartiallyRejectedError,
    RejectedError,
)

FULL = ("RESOURCE_LIMIT_EXCEEDED", "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED")
FULL_IN_WORDS = re.compile(r"\b(number|limit|maximum|quota|many)\W+(of\W+)?(\d[\d,]*\W+)?traces\b", re.IGNORECASE)
"""What an experiment says that takes no more traces: 100,000 are published as the limit of a classic one."""


@dataclass(frozen=True)
class Place:
    """An experiment, and the tables of its traces where they are kept in Unity Catalog."""

    experiment: FoundExperiment
    location: TraceLocation | None = None


class Refusals:
    """What the workspace refuses of one batch for what it contains, while it takes the rest."""

    def __init__(self, place: Place, backend: str) -> None:
        self._place = place
        self._backend = backend
        self._reasons: dict[str, str] = {}

    def takes(self, response: Response, trace: SpooledTrace) -> bool:
        """Whether the trace was taken; notes a refusal, and raises everything else."""
        if response.error_code == "ALREADY_EXISTS":
            return True
        if response.status == 200 and not response.error_code:
            json_from(response, self._backend)
            return True
        error = self._error(response)
        if not isinstance(error, RejectedError):
            raise error
        self._reasons[trace.trace_id] = error.reason
        return False

    def check(self, batch: Sequence[SpooledTrace]) -> None:
        """Raise `PartiallyRejectedError` where there are any."""
        if self._reasons:
            raise PartiallyRejectedError(
                {one.id: self._reasons[one.trace_id] for one in batch if one.trace_id in self._reasons}
            )

    def _error(self, response: Response) -> DeliveryError:
        if _is_full(response):
            return MisconfigurationError(
                f"experiment {self._place.experiment.name!r} takes no more traces: {response.text}",
                "choose another experiment_name, delete old traces, or set unity_catalog, where there is no limit",
            )
        return error_for(response, self._backend)


def _is_full(response: Response) -> bool:
    """429 is about the rate, whatever it is called."""
    if not 400 <= response.status < 500 or response.status in (401, 408, 429):
        return False
    return response.error_code in FULL or FULL_IN_WORDS.search(response.text) is not None


def unusable(error: MisconfigurationError) -> ExperimentUnusableError:
    """The same trouble, where it is that of one request's own experiment."""
    return ExperimentUnusableError(error.reason, error.fix)
