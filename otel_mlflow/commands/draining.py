"""Delivering from the command line what waits in a spool, and watching it go."""

from __future__ import annotations

import time

from otel_mlflow.commands import terminal
from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.spool_admin import SpoolAdmin
from otel_mlflow.settings import Settings

BETWEEN_LOOKS = 0.1
"""Seconds between two steps of the progress bar."""

PATIENCE = 10.0
"""Seconds without progress until the wait is given up; what is left stays in the spool."""


def drain(spool_admin: SpoolAdmin, destination: str, settings: Settings) -> str:
    """Deliver what waits for a destination, here and in the processes that run; answer what kept it from it."""
    delivery = Delivery(settings)
    delivery.start()
    try:
        return _watch(spool_admin, destination, delivery)
    finally:
        delivery.shutdown()


def _watch(spool_admin: SpoolAdmin, destination: str, delivery: Delivery) -> str:
    total = left = _pending(spool_admin, destination)
    patience = time.monotonic() + PATIENCE
    with terminal.progress("delivering", total) as show:
        while left and time.monotonic() < patience:
            time.sleep(BETWEEN_LOOKS)
            status = delivery.status()
            if status.state == "failed":
                return f"{status.reason}; {status.fix}"
            before, left = left, _pending(spool_admin, destination)
            if left < before:
                patience = time.monotonic() + PATIENCE
            show(total - left)
    return delivery.status().reason if left else ""


def _pending(spool_admin: SpoolAdmin, destination: str) -> int:
    return next(each.pending for each in spool_admin.backlogs() if each.destination == destination)
