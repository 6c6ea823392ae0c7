"""`Status`: what `status()` tells, and nothing secret in it."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

State = Literal["starting", "ok", "degraded", "failed", "disabled"]
"""`degraded`: nothing is lost, but something needs time or attention. `failed`: traces wait until somebody mends it."""


@dataclass(frozen=True)
class Experiment:
    """Where the traces are."""

    id: str
    name: str
    url: str
    """The experiment's page in the MLflow UI, empty where there is none."""


@dataclass(frozen=True)
class Counts:
    """Every request that was seen, over all processes that share the spool and across restarts.

    `requests = excluded + sampled_out + filtered + traced` and `traced = delivered + pending + quarantined + dropped`.
    """

    requests: int = 0
    excluded: int = 0
    sampled_out: int = 0
    filtered: int = 0
    traced: int = 0
    delivered: int = 0
    pending: int = 0
    quarantined: int = 0
    dropped: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class SpoolStatus:
    """What waits on disk."""

    bytes: int = 0
    """Bytes of the spool file in use, by what waits for any destination and by what is quarantined."""
    oldest_age_seconds: float | None = None
    """Age of the oldest record that waits for delivery; None when nothing does."""
    folder: str = ""
    figures_age_seconds: float = 0.0
    """Age of the counts and of this: above 0 where the spool did not answer in time, and they are the last known."""
    in_memory: bool = False
    """Whether the folder cannot be used, and what is new waits in memory instead."""


@dataclass(frozen=True)
class Status:
    """How delivery is doing; `to_dict()` is what the JSON faces show."""

    state: State
    reason: str = ""
    fix: str = ""
    experiment: Experiment | None = None
    tracking_uri: str | None = None
    identity: str | None = None
    credential_source: str | None = None
    counts: Counts = field(default_factory=Counts)
    spool: SpoolStatus = field(default_factory=SpoolStatus)
    last_delivery: str | None = None
    """When the backend last took something: UTC, ISO 8601."""
    last_error: str | None = None
    """What last went wrong, with the time; it stays when all is well again."""
    settings: dict[str, str] = field(default_factory=dict)
    """Dotted key of each setting → where its value came from, as `Settings.sources` has it."""

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON values."""
        return asdict(self)


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
