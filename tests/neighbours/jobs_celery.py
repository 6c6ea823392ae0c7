"""Celery's half: `celery --app tests.neighbours.jobs_celery worker`."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_shutdown

from tests.neighbours.jobs import REDIS_URL, trace_this_process, work

app = Celery(broker=REDIS_URL)
_running: list[Any] = []


@app.task
def job(carrier: dict[str, str]) -> None:
    """Work."""
    work(carrier, "celery")


@worker_init.connect
def _start(**_: object) -> None:
    _running.append(trace_this_process())


@worker_shutdown.connect
def _stop(**_: object) -> None:
    _running.pop().shutdown()
