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
    """MLflow's id of it."""
    name: str
    """Its name."""
    url: str
    """The experiment's page in the MLflow UI, empty where there is none."""


@dataclass(frozen=True)
class Counts:
    """Every request that was seen, over all processes that share the spool and across restarts.

    `requests = excluded + sampled_out + filtered + traced` and `traced = delivered + pending + quarantined + dropped`.
    """

    requests: int = 0
    """All that were seen."""
    excluded: int = 0
    """Left out by `tracing.excluded_urls`."""
    sampled_out: int = 0
    """Left out by `tracing.sample_rate`, or by a caller that shares the key."""
    filtered: int = 0
    """Left out by `tracing.http_only_traces: drop`."""
    traced: int = 0
    """Those that left a trace."""
    delivered: int = 0
    """Traces that the backend has taken, by its own word."""
    pending: int = 0
    """Traces that wait for delivery, on disk or in memory."""
    quarantined: int = 0
    """Traces that the backend refused for what they contain; `otel-mlflow spool retry` sends them again."""
    dropped: int = 0
    """Traces that were given up: beyond `delivery.max_spool_bytes`, purged, or lost with a damaged disk."""

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
    """Where that is: `delivery.spool_dir`."""
    figures_age_seconds: float = 0.0
    """Age of the counts and of this: above 0 where the spool did not answer in time, and they are the last known."""
    in_memory: bool = False
    """Whether the folder cannot be used, and what is new waits in memory instead."""


@dataclass(frozen=True)
class Status:
    """How delivery is doing; `to_dict()` is what the JSON endpoints show."""

    state: State
    """One of the states below."""
    reason: str = ""
    """Why it is not `ok`, or what else there is to know."""
    fix: str = ""
    """What to do about it."""
    experiment: Experiment | None = None
    """The experiment of the traces; null as long as it is not known."""
    tracking_uri: str | None = None
    """Where it delivers to, without credentials."""
    identity: str | None = None
    """As whom."""
    credential_source: str | None = None
    """Where the credentials came from; never the credentials."""
    counts: Counts = field(default_factory=Counts)
    """Every request that was seen."""
    spool: SpoolStatus = field(default_factory=SpoolStatus)
    """What waits on disk."""
    last_delivery: str | None = None
    """When the backend last took something: UTC, ISO 8601."""
    last_error: str | None = None
    """What last went wrong, with the time; it stays when all is well again."""
    advice: list[str] = field(default_factory=list)
    """What would make more of the traces, while nothing is wrong."""
    settings: dict[str, str] = field(default_factory=dict)
    """Dotted key of each setting → where its value came from, as `Settings.sources` has it."""

    def to_dict(self) -> dict[str, Any]:
        """The status as JSON values."""
        return asdict(self)


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as UTC, ISO 8601."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
