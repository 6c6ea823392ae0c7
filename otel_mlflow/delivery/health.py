"""How delivery is doing, put together from what the backend and the disk do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from otel_mlflow.delivery.destinations.base import Connected
from otel_mlflow.delivery.retry import LONGEST_WAIT
from otel_mlflow.delivery.trouble import LocalTrouble
from otel_mlflow.errors import DeliveryError, MisconfigurationError, RetryableError
from otel_mlflow.status import State, timestamp

FAILURES_UNTIL_DEGRADED = 2
"""One request that fails and succeeds when it is repeated is no news."""


@dataclass(frozen=True)
class Condition:
    """A state, why it is so, and what to do about it."""

    state: State
    reason: str = ""
    fix: str = ""
    kind: str = ""
    """What makes it another condition when the words differ; one condition is published once."""


@dataclass(frozen=True)
class DeliveryState:
    """A condition that has just begun. `waiting` is how many records had not been delivered by then."""

    state: State
    reason: str
    fix: str
    backend: str
    waiting: int
    connected: Connected | None
    before: State
    reason_before: str = ""

    @property
    def message(self) -> str:
        """One line for people."""
        if self.state == "ok":
            return f"traces are delivered to {self.backend}; {_waiting(self.waiting)}{self.ended}"
        fix = f" To do: {self.fix}." if self.fix else ""
        return f"tracing to {self.backend} is {self.state}: {self.reason}; {_waiting(self.waiting)}.{fix}"

    @property
    def ended(self) -> str:
        """What has come to its end with this, in a clause; empty where nothing has."""
        if self.before == "starting":
            return ""
        return f"; this ends what was {self.before} ({self.reason_before}), nothing needs doing"


def _asks_for_a_long_wait(error: DeliveryError) -> bool:
    """Whether nothing is going to be tried before people begin to look for their traces."""
    return isinstance(error, RetryableError) and (error.retry_after or 0) > LONGEST_WAIT


def _waiting(records: int) -> str:
    return f"{records} waiting" if records else "nothing waits"


@dataclass(frozen=True)
class Health:
    """What is known of the backend."""

    connected: Connected | None = None
    trouble: DeliveryError | None = None
    blocked: dict[str, DeliveryError] = field(default_factory=dict)
    """Experiments of single requests that cannot be written to, and why."""
    metadata_trouble: DeliveryError | None = None
    """Why what goes beside the spans, to another backend, does not arrive."""
    temporary_failures: int = 0
    """In a row: one of them says nothing yet, and takes back nothing that was found wrong before it."""
    last_delivery: float | None = None
    """The wall clock's time when the backend last took something."""
    last_error: str | None = None

    def opened(self, connected: Connected) -> Health:
        """The backend answers, and the experiment is there: that does not say yet that it takes anything."""
        return replace(self, connected=connected)

    def mended(self) -> Health:
        """After connecting, nothing was in the way of the next step: what somebody had to mend is mended."""
        return replace(self, trouble=None) if isinstance(self.trouble, MisconfigurationError) else self

    def taken(self, now: float) -> Health:
        """The backend took something."""
        return replace(self, trouble=None, temporary_failures=0, last_delivery=now)

    def troubled(self, error: DeliveryError, now: float) -> Health:
        """The backend did not."""
        temporary = 0 if isinstance(error, MisconfigurationError) else self.temporary_failures + 1
        serious = not temporary or temporary >= FAILURES_UNTIL_DEGRADED or _asks_for_a_long_wait(error)
        health = replace(self.erred(error, now), temporary_failures=temporary)
        return replace(health, trouble=error) if serious else health

    def erred(self, error: DeliveryError, now: float) -> Health:
        """Something went wrong that does not say how the backend is."""
        return replace(self, last_error=f"{timestamp(now)} {error.reason}")

    def condition(self, local: LocalTrouble | None) -> Condition:
        """The gravest of what is the matter."""
        if self.trouble is not None:
            state: State = "failed" if isinstance(self.trouble, MisconfigurationError) else "degraded"
            return Condition(state, self.trouble.reason, self.trouble.fix, type(self.trouble).__name__)
        if local is not None:
            return Condition("degraded", local.reason, local.fix, local.kind)
        if (beside := self.metadata_trouble) is not None:
            return Condition("degraded", beside.reason, beside.fix, "metadata")
        for name, error in self.blocked.items():
            return Condition("degraded", error.reason, error.fix, f"experiment {name}")
        return Condition("ok", self.connected.note) if self.connected is not None else Condition("starting")
