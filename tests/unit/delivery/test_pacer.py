"""Slices of background work, and the rests between them."""

from __future__ import annotations

import pytest

from otel_mlflow.delivery.pacer import (
    LATE_REST,
    LONGEST_LATE_SLICE,
    LONGEST_REST,
    LONGEST_SLICE,
    Pacer,
)
from otel_mlflow.pacing import A_TURN, rest_if_due
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
    """It lets others in, and takes little rest."""
    worker = Worker(is_late=True)
    worker.work(100)
    assert LONGEST_SLICE < max(worker.slices) <= LONGEST_LATE_SLICE + 2 * STEP
    assert worker.clock.now - 1000.0 < 1.3 * 100 * STEP


def test_what_waited_long_rests_no_longer_for_it() -> None:
    """A slice in which a backend took a minute to answer was no work."""
    worker = Worker(is_late=False)
    with worker.pacer.working():
        worker.clock.now += 60.0
        rest_if_due()
    assert worker.clock.now == 1060.0 + LONGEST_REST


class SleepingOn(ManualClock):
    """A clock whose owner sleeps on, as far as others can see."""

    def sleep(self, seconds: float) -> None:
        """Do not go forward."""


def test_who_wakes_while_another_rests_rests_on() -> None:
    """Else an event loop would wait for one after the other."""
    worker, clock = Worker(is_late=False), SleepingOn()
    other = Pacer(clock, lambda: False)

    def rest_meanwhile() -> None:
        clock.now = worker.clock.now + 0.0005
        other.rest_if_due()

    with other.working(), worker.pacer.working():
        worker.clock.now += 0.002
        worker.clock.at_sleep = rest_meanwhile
        worker.pacer.rest_if_due()
    assert worker.clock.sleeps == [pytest.approx(0.002), pytest.approx(0.001)]


def test_what_waits_for_the_interpreter_is_let_in() -> None:
    """By a request that sleeps for a moment; not while the work rests or is done: nothing would come of it."""
    worker = Worker(is_late=True)
    with worker.pacer.working():
        worker.clock.now += 0.003
        worker.pacer.let_in()
        assert worker.clock.sleeps == [A_TURN]
        worker.clock.at_sleep = worker.pacer.let_in
        worker.pacer.rest_if_due()
    worker.pacer.let_in()
    assert worker.clock.sleeps == [A_TURN, LATE_REST]


def test_other_threads_never_rest() -> None:
    """A request that encodes its own trace, because too many wait, asks as well."""
    worker = Worker(is_late=False)
    with worker.pacer.working():
        pass
    before = worker.clock.now
    worker.clock.now += 1.0
    rest_if_due()
    assert worker.clock.now == before + 1.0
