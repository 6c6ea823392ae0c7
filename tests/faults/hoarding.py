"""An app's process that serves requests while its backend is down, and says how much memory that takes.

    python -m tests.faults.hoarding REQUESTS

Settings are the environment's. A line of JSON goes out once all requests are served, and another one, after a line has
come in, once all of their traces have been delivered.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from opentelemetry import trace
from starlette.types import Receive, Scope, Send

from otel_mlflow import Tracing, TracingMiddleware
from otel_mlflow.status import Status
from tests.servers.process import until, waited
from tests.unit.asgi_calls import Call

SPANS_BELOW_THE_ROOT = 5
WARM_UP = 3000
"""Requests after which nothing is imported, compiled or filled for the first time."""


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Open the spans, and answer."""
    for number in range(SPANS_BELOW_THE_ROOT):
        with trace.get_tracer("hoarding").start_as_current_span(f"step {number}", attributes={"number": number}):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"the answer"})


class Memory:
    """The process's resident memory, and how far it has risen above what it was at first."""

    def __init__(self) -> None:
        self._first = resident()
        self.growth = 0

    def look(self) -> None:
        """Take note."""
        self.growth = max(self.growth, resident() - self._first)


def resident() -> int:
    """Bytes of memory that this process has now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmRSS")


async def serve(app: TracingMiddleware, requests: int, memory: Memory | None = None) -> None:
    """Serve requests one after the other, with a look at the memory now and then."""
    for number in range(requests):
        await Call(app, "GET /question").made()
        if memory is not None and number % 1000 == 0:
            memory.look()


def say(tracing: Tracing, memory: Memory) -> None:
    """Tell the test, as soon as the spool tells its figures of now."""
    status = until(lambda: _up_to_date(tracing), seconds=60, waiting_for=lambda: "the spool's figures of now")
    print(json.dumps({"growth": memory.growth, "status": status.to_dict()}), flush=True)  # noqa: T201


def _up_to_date(tracing: Tracing) -> Status | None:
    status = tracing.status()
    return None if status.spool.figures_age_seconds else status


def main() -> None:
    """Serve, tell, wait for the word, deliver, tell."""
    requests = int(sys.argv[1])
    tracing = Tracing()
    app = TracingMiddleware(answer, tracing=tracing)
    tracing.start()
    asyncio.run(serve(app, WARM_UP))
    memory = Memory()
    asyncio.run(serve(app, requests - WARM_UP, memory))
    say(tracing, memory)
    sys.stdin.readline()
    while tracing.status().counts.pending:
        memory.look()
        waited(lambda: not tracing.status().counts.pending, seconds=0.5)
    say(tracing, memory)
    tracing.shutdown()


if __name__ == "__main__":
    main()
