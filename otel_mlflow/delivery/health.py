"""How delivery is doing, put together from what the backend and the disk do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from otel_mlflow.delivery.destinations.base import Connected
from otel_mlflow.diagnosis.status import State
from otel_mlflow.errors import DeliveryError, NeedsRepair

FAILURES_UNTIL_DEGRADED = 2
"""One request that fails and works at once the second time is no news."""


@dataclass(frozen=True)
class DeliveryState:
    """One state of delivery. `waiting` is how many records had not been delivered when it began."""

    state: State
    reason: str = ""
    fix: str = ""
    backend: str = ""
    waiting: int = 0
    connected: Connected | None = None

    @property
    def message(self) -> str:
        """The state in one sentence or two, for a log."""
        if self.state == "ok":
            waiting = f"; {self.waiting} waiting are on their way" if self.waiting else ""
            return f"traces go to {self.backend}{waiting}"
        waiting = f" {self.waiting} waiting, nothing is lost." if self.waiting else ""
        fix = f" To do: {self.fix}." if self.fix else ""
        return f"tracing to {self.backend} is {self.state}: {self.reason}.{waiting}{fix}"


@dataclass(frozen=True)
class Health:
    """What is known of the backend and of the disk."""

    connected: Connected | None = None
    backend_trouble: DeliveryError | None = None
    disk_trouble: str = ""
    last_delivery: float | None = None
    last_error: str | None = None

    def taken(self, now: float) -> Health:
        """The backend took something, at the wall clock's `now`."""
        return replace(self, backend_trouble=None, last_delivery=now)

    def troubled(self, error: DeliveryError, failures: int) -> Health:
        """The backend did not, for so many times in a row."""
        serious = isinstance(error, NeedsRepair) or failures >= FAILURES_UNTIL_DEGRADED
        return replace(self, last_error=error.reason, backend_trouble=error if serious else self.backend_trouble)

    def state(self) -> tuple[State, str, str]:
        """The state, its reason and what to do about it; the backend's troubles before the disk's."""
        if isinstance(self.backend_trouble, NeedsRepair):
            return "failed", self.backend_trouble.reason, self.backend_trouble.fix
        if self.backend_trouble is not None:
            return "degraded", self.backend_trouble.reason, self.backend_trouble.fix
        if self.disk_trouble:
            return "degraded", self.disk_trouble, "make the folder writable; until then traces wait in memory"
        return ("ok", "", "") if self.connected is not None else ("starting", "", "")
