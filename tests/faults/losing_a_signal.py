"""A process that gets SIGTERM, and whose main thread does not notice the signal by which delivery then ends it.

python -m tests.faults.losing_a_signal SPOOL_FOLDER TRACKING_URI
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from otel_mlflow.delivery import Delivery
from tests.delivering import Finished, settings_for


def main() -> None:
    """Put a trace, be told to end, and wait for signals, of which one is lost as if the wait had just begun."""
    folder, uri = sys.argv[1:]
    delivery = Delivery(settings_for(Path(folder), uri))
    delivery.start()
    delivery.put(Finished())
    send, to_lose = os.kill, [signal.SIGTERM]
    send(os.getpid(), signal.SIGTERM)
    os.kill = lambda pid, number: to_lose.clear() if number in to_lose else send(pid, number)
    signal.pause()


if __name__ == "__main__":
    main()
