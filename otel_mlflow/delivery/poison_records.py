"""Records that the backend fails on while it takes others: they must not hold up what waits behind them."""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH_FAILURES = 4
"""Failures of a record alone, others having been taken before each, until the fault is held to be the record's."""


@dataclass
class _Failures:
    count: int = 1
    others_taken: bool = False


class PoisonRecordTracker:
    """Counts, for each record, how often it failed alone although the backend was well.

    A backend that is down for all fails on whatever it is sent: that tells nothing of the record.
    """

    def __init__(self) -> None:
        self._failures: dict[int, _Failures] = {}

    def failed_alone(self, record: int) -> bool:
        """The record, sent by itself, could not be delivered. Answer whether that is to be the last time."""
        failures = self._failures.pop(record, None) or _Failures()
        self._failures[record] = failures
        if failures.others_taken:
            failures.count += 1
            failures.others_taken = False
        return failures.count >= ENOUGH_FAILURES

    def others_taken(self) -> None:
        """The backend has taken something."""
        for failures in self._failures.values():
            failures.others_taken = True

    def clear(self, record: int) -> None:
        """The record was delivered after all, or is gone."""
        self._failures.pop(record, None)

    def ids(self) -> list[int]:
        """The records to leave until nothing else waits, the one that was tried longest ago first."""
        return list(self._failures)
