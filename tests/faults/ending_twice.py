"""A process whose delivery is shut down, as by a lifespan, and that gets SIGTERM meanwhile.

python -m tests.faults.ending_twice SPOOL_FOLDER TRACKING_URI
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from otel_mlflow.delivery import Delivery
from tests.delivering import Finished, settings_for
from tests.servers.process import until


def main() -> None:
    """Put a trace, shut down on another thread, and be told to end."""
    folder, uri = sys.argv[1:]
    delivery = Delivery(settings_for(Path(folder), uri))
    delivery.start()
    until(lambda: delivery.experiment, seconds=60, waiting_for=lambda: f"{delivery.status()}")
    delivery.put(Finished())
    ending = threading.Thread(target=delivery.shutdown)
    ending.start()
    os.kill(os.getpid(), signal.SIGTERM)
    ending.join()
    signal.pause()


if __name__ == "__main__":
    main()
