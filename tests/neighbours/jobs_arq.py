"""arq's half: `arq tests.neighbours.jobs_arq.Worker`."""

from __future__ import annotations

from typing import Any

from arq.connections import RedisSettings

from tests.neighbours.jobs import REDIS_URL, trace_this_process, work

SETTINGS = RedisSettings.from_dsn(REDIS_URL)


async def job(_: dict[Any, Any], carrier: dict[str, str]) -> None:
    """Work."""
    work(carrier, "arq")


async def _start(context: dict[Any, Any]) -> None:
    context["tracing"] = trace_this_process()


async def _stop(context: dict[Any, Any]) -> None:
    context["tracing"].shutdown()


class Worker:
    """As arq reads it."""

    functions = (job,)
    redis_settings = SETTINGS
    on_startup = _start
    on_shutdown = _stop
