"""The worker process of handovers.py: it does one job, delivers its spans and ends."""

from __future__ import annotations

import json
import sys

import otel_mlflow
from tests.acceptance.shapes.spans import nested


def main(carrier: str) -> int:
    """Continue the trace that the carrier comes from; 0 when the spans have been delivered."""
    tracing = otel_mlflow.Tracing(otel_mlflow.Settings.load())
    tracing.start()
    with otel_mlflow.continued(json.loads(carrier), "job"):
        nested("work", "query")
    delivered = tracing.flush(timeout=20)
    tracing.shutdown()
    return 0 if delivered else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
