"""Slices of background work, and the rests between them."""

from __future__ import annotations

from otel_mlflow.delivery.pacer import LONGEST_LATE_SLICE, LONGEST_SLICE, Pacer, rest_if_due
from tests.unit.delivery.backend import ManualClock

STEP = 0.0002


class Worker:
    """Works in steps of two tenths of a millisecond, and notes how long it did so in one go."""

    def __init__(self, *, is_late: bool) -> None:
        self.clock = ManualClock()
        self.pacer = Pacer(self.clock, lambda: is_late)
        self.slices: list[float] = []

    def work(self, steps: int) -> None:
        """Take so many steps, and ask after each of them."""
        with self.pacer.working():
            began = self.clock.now
            for _ in range(steps):
                self.clock.now += STEP
                before = self.clock.now
                rest_if_due()
                if self.clock.now > before:
                    self.slices.append(before - began)
                    began = self.clock.now


def test_no_slice_is_longer_than_a_millisecond_and_a_step() -> None:
    """And the rest after it is as long, so that half of the interpreter's time is left to others at least."""
    worker = Worker(is_late=False)
    worker.work(100)
    assert len(worker.slices) > 10
    assert max(worker.slices) <= LONGEST_SLICE + 2 * STEP
    assert worker.clock.now - 1000.0 >= 1.9 * sum(worker.slices)


def test_what_is_late_works_in_longer_slices() -> None:
    """It lets others in, and takes next to no rest."""
    worker = Worker(is_late=True)
    worker.work(100)
    assert LONGEST_SLICE < max(worker.slices) <= LONGEST_LATE_SLICE + 2 * STEP
    assert worker.clock.now - 1000.0 < 1.2 * 100 * STEP


def test_other_threads_never_rest() -> None:
    """A request that encodes its own trace, because too many wait, asks as well."""
    worker = Worker(is_late=False)
    with worker.pacer.working():
        pass
    before = worker.clock.now
    worker.clock.now += 1.0
    rest_if_due()
    assert worker.clock.now == before + 1.0
