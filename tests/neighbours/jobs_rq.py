"""RQ's half: `rq worker`, whose every job runs in a process forked from the worker."""

from __future__ import annotations

from tests.neighbours.jobs import trace_this_process, work


def job(carrier: dict[str, str]) -> None:
    """Work, in a process that ends with the job."""
    tracing = trace_this_process()
    work(carrier, "rq")
    tracing.shutdown()
