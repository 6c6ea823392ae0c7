"""Somebody sets the machine's clock back by an hour: delivery goes on."""

from __future__ import annotations

import email.utils
import time
from pathlib import Path

from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.clock import SystemClock
from tests.delivering import put, settings_for, wait_for
from tests.servers.scripted import Fault, ScriptedMlflow

HOUR = 3600.0


class SetBack(SystemClock):
    """The machine's clock, once somebody has set it."""

    back = 0.0

    def wall(self) -> float:
        """What a look at the clock says."""
        return time.time() - self.back


def test_clock_set_back_by_an_hour(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """Traces put before and after are delivered at once, those that failed before it too, and no age is negative."""
    clock = SetBack()
    delivery = Delivery(settings_for(tmp_path, scripted.url), clock=clock)
    delivery.start()
    try:
        scripted.faults.extend([Fault(503)] * 3)
        ids = put(delivery, 5)
        wait_for(delivery, lambda counts: counts.pending == 5)
        clock.back = HOUR
        age = delivery.status().spool.oldest_age_seconds
        assert age is None or age == 0
        ids += put(delivery, 5)
        wait_for(delivery, lambda counts: counts.delivered == 10)
    finally:
        delivery.shutdown(timeout=0.2)
    assert scripted.traces == set(ids)


def test_a_date_in_retry_after_is_read_by_the_backends_clock(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """Our clock being an hour behind does not turn a second into an hour."""
    theirs = time.time() + HOUR
    dates = {
        "Date": email.utils.formatdate(theirs, usegmt=True),
        "Retry-After": email.utils.formatdate(theirs + 1, usegmt=True),
    }
    scripted.faults.append(Fault(429, dates))
    delivery = Delivery(settings_for(tmp_path, scripted.url))
    delivery.start()
    try:
        put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 1, seconds=20)
    finally:
        delivery.shutdown(timeout=0.2)
