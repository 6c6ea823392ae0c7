"""What to do after a backend's response: decided purely, from its error and the failures before it.

| error | next |
| --- | --- |
| taken | go on; earlier failures are forgotten |
| try again | wait, twice as long after each failure up to `LONGEST_WAIT`; longer where Retry-After asks for it |
| needs repair | wait likewise, up to `LONGEST_REPAIR_WAIT`, and open the destination anew: it may be mended by then |
| refused, several records | split, until the one is found that is refused |
| refused, one record | quarantine |
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from otel_mlflow.errors import DeliveryError, MisconfigurationError, RejectedError, RetryableError

FIRST_WAIT = 0.25
LONGEST_WAIT = 15.0
LONGEST_REPAIR_WAIT = 10.0
LONGEST_RETRY_AFTER = 600.0
"""Seconds. A backend that asks for more is asked again after this long: a mistyped header must not stop delivery."""


class Step(Enum):
    """What comes next."""

    GO_ON = "go on"
    WAIT = "wait"
    REOPEN = "reopen"
    SPLIT = "split"
    QUARANTINE = "quarantine"


@dataclass(frozen=True)
class Action:
    """The next step, in how many seconds, and how many failures in a row there are now."""

    step: Step
    wait: float = 0.0
    failures: int = 0


def next_action(error: DeliveryError | None, *, records: int, failures: int, chance: float) -> Action:
    """Decide after an error (None: taken) to so many records, after so many failures; `chance` is in [0, 1)."""
    if error is None:
        return Action(Step.GO_ON)
    if isinstance(error, RejectedError):
        return Action(Step.SPLIT if records > 1 else Step.QUARANTINE, failures=failures)
    if isinstance(error, MisconfigurationError):
        return Action(Step.REOPEN, backoff(failures, LONGEST_REPAIR_WAIT, chance), failures + 1)
    asked = min(_retry_after(error), LONGEST_RETRY_AFTER)
    return Action(Step.WAIT, max(asked, backoff(failures, LONGEST_WAIT, chance)), failures + 1)


def _retry_after(error: DeliveryError) -> float:
    """Seconds that the backend has asked for; 0, which asks for nothing, also where it names a moment in the past."""
    return error.retry_after or 0.0 if isinstance(error, RetryableError) else 0.0


def backoff(failures: int, longest: float, chance: float) -> float:
    """Seconds after so many failures: doubling, capped, and spread over the upper half so that processes part ways."""
    whole = min(longest, FIRST_WAIT * 2.0 ** min(failures, 32))
    return float(whole * (0.5 + chance / 2))
