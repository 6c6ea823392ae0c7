"""A process of two deliveries, each of whose backends takes a trace only while the other is given one, too.

Arguments: the folder of the spools, and what ends the process: its own last line, SIGTERM or a lifespan. Writes down
how many traces each backend has taken.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.delivery import end_beside_others
from tests.delivering import Finished, settings_for, trace
from tests.unit.delivery.backend import MemoryBackend
from tests.unit.delivery.test_delivery import PatientClock

LONGEST = 10.0
"""Seconds that a backend waits for the other; less than an end waits for a backend."""


deliveries: list[Delivery] = []
"""One that nobody refers to any more would end by itself."""


def main(folder: Path, way: str) -> None:
    """End in this way with a trace in each delivery, which gathers until somebody hurries."""
    both = threading.Barrier(2)

    def meet(_batch: Sequence[object]) -> None:
        both.wait(LONGEST)
        (folder / "taken").open("a").write("one\n")

    for number in range(2):
        settings = settings_for(folder / str(number), shutdown_timeout=2 * LONGEST)
        delivery = Delivery(settings, lambda: MemoryBackend(react=meet), clock=PatientClock())
        delivery.start()
        delivery.put(Finished(trace()))
        deliveries.append(delivery)
    if way == "lifespan":
        end_beside_others(deliveries[0], deliveries[0].shutdown)
        os._exit(0)
    if way == "SIGTERM":
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(6 * LONGEST)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
