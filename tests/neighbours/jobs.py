"""The same job in four queues, as each one's manual has it: the request's carrier travels in its arguments.

What a worker process does at its start is its own affair; each here starts a `Tracing` when the job's module is loaded
in it, which is what an application would do in its queue's start-up hook.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import mlflow

import otel_mlflow

REDIS_URL = os.environ["REDIS_URL"]


def work(carrier: Mapping[str, str], queue: str) -> None:
    """Do the job, in the trace of the request that ordered it."""
    with otel_mlflow.continued(dict(carrier), f"{queue} job"), mlflow.start_span("work"):
        pass


def trace_this_process() -> otel_mlflow.Tracing:
    """Have the spans of this worker delivered."""
    tracing = otel_mlflow.Tracing(otel_mlflow.Settings.load())
    tracing.start()
    return tracing
