"""A process that puts traces as fast as it is told, and writes down each one's id when its response would be sent.

    python -m tests.faults.bursting SPOOL_FOLDER TRACKING_URI LOG [TRACES] [PAUSE]

A line of the log is an id and the machine's monotonic time. Goes on until it is killed, or until it has put so many
traces; then it says `done`, waits for a line on standard input, and ends in good order.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

from otel_mlflow.delivery import Delivery
from tests.delivering import Finished, settings_for


def main() -> None:
    """Put, note, pause, again and again."""
    folder, uri, log, *rest = sys.argv[1:]
    traces = int(rest[0]) if rest else None
    pause = float(rest[1]) if len(rest) > 1 else 0.002
    delivery = Delivery(settings_for(Path(folder), uri))
    delivery.start()
    with Path(log).open("a", buffering=1) as notes:
        for _ in range(traces) if traces is not None else itertools.count():
            finished = Finished()
            delivery.put(finished)
            notes.write(f"{finished.record.trace_id} {time.monotonic()}\n")
            time.sleep(pause)  # The rate of the load, which is part of the case.
        notes.write("done\n")
    sys.stdin.readline()


if __name__ == "__main__":
    main()
