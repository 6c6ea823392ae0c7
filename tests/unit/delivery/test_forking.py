"""What a forked process puts in, which ends without `atexit`."""

from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path

import pytest

from otel_mlflow.delivery import Delivery
from tests.delivering import Finished, settings_for, trace
from tests.unit.delivery.backend import MemoryBackend

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]


def test_a_process_of_multiprocessing_writes_down_what_it_has_as_it_ends(tmp_path: Path) -> None:
    """At once, as a worker with little to do does; it delivers nothing here, and its parent takes it over."""
    parent, record = os.getpid(), trace()

    def hang_in_the_child() -> None:
        if os.getpid() != parent:
            threading.Event().wait()

    backend = MemoryBackend(react_to_opening=hang_in_the_child)
    delivery = Delivery(settings_for(tmp_path), lambda: backend)
    delivery.start()
    child = multiprocessing.get_context("fork").Process(target=delivery.put, args=(Finished(record),))
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert delivery.flush(30)
    assert backend.ids() == {record.trace_id}
    delivery.shutdown()
