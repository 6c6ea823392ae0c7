"""Dramatiq's half: `dramatiq tests.neighbours.jobs_dramatiq`."""

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from tests.neighbours.jobs import REDIS_URL, trace_this_process, work

broker = RedisBroker(url=REDIS_URL)
dramatiq.set_broker(broker)
_running: list[Any] = []


class Traced(dramatiq.Middleware):
    """Starts and ends tracing with the worker."""

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """Start."""
        _running.append(trace_this_process())

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        """End."""
        _running.pop().shutdown()


broker.add_middleware(Traced())


@dramatiq.actor
def job(carrier: dict[str, str]) -> None:
    """Work."""
    work(carrier, "dramatiq")
