"""Another process holds the spool's locks and does not let go: nobody who asks how things are is made to wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.leases import spool_path
from otel_mlflow.delivery.locks import FileLock
from otel_mlflow.delivery.spool_file import gate_path
from tests.delivering import delivering, put, settings_for, wait_for
from tests.servers.scripted import ScriptedMlflow


@pytest.fixture
def delivery(tmp_path: Path, scripted: ScriptedMlflow) -> Iterator[Delivery]:
    """Ten traces delivered."""
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        put(delivery, 10)
        wait_for(delivery, lambda counts: counts.delivered == 10)
        yield delivery


@pytest.fixture
def held(tmp_path: Path, delivery: Delivery) -> Iterator[None]:
    """The gate to the spool file is somebody else's for the whole test."""
    lock = FileLock(gate_path(spool_path(tmp_path)))
    with ExitStack() as stack:
        stack.callback(lock.close)
        stack.enter_context(lock.alone())
        yield


@pytest.mark.usefixtures("held")
def test_status_answers_with_the_last_known_figures(delivery: Delivery) -> None:
    """It says how old they are."""
    status = delivery.status()
    assert status.counts.delivered == 10
    assert status.spool.figures_age_seconds > 0


@pytest.mark.usefixtures("held")
def test_shutdown_returns(delivery: Delivery) -> None:
    """When its time is up, and the lock is still held."""
    put(delivery, 1)
    delivery.shutdown(0.2)
    assert delivery.status().spool.figures_age_seconds > 0
