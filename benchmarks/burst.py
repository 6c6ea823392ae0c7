"""One variant in one process: requests at full speed, driven in the process itself; the figures go out as JSON."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.variants import VARIANTS, Variant

WARM_UP = 200
BODY = json.dumps({"question": "How did sales in the north develop over the last four quarters?"}).encode()
HEADERS = [
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"benchmark/1.0"),
    (b"accept", b"*/*"),
    (b"content-type", b"application/json"),
]

Message = MutableMapping[str, Any]


@dataclass(frozen=True)
class Figures:
    """Microseconds and milliseconds of one run; `cpu_us` is all CPU of the process after the warm-up and its delivery.

    Imports are in none of it: some variants make theirs before the first request, others beside it.
    """

    p50_us: float
    p999_us: float
    longest_stall_ms: float
    cpu_us: float


async def request(app: Callable[..., Awaitable[None]], body: bytes) -> None:
    """Send the application one request, without a server."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/ask/7",
        "raw_path": b"/ask/7",
        "root_path": "",
        "query_string": b"",
        "headers": [*HEADERS, (b"content-length", str(len(body)).encode())],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_message: Message) -> None:
        pass

    await app(scope, receive, send)


async def warm_up(variant: Variant, body: bytes = BODY) -> None:
    """Make some requests and deliver their traces."""
    for _ in range(WARM_UP):
        await asyncio.create_task(request(variant.app, body))
    await asyncio.to_thread(variant.finish)


async def burst(variant: Variant, requests: int, body: bytes = BODY) -> tuple[list[float], float]:
    """Make the requests one after the other; how long each took, and the longest stall, in seconds."""
    watch = Stalls()
    watching = asyncio.create_task(watch.run())
    durations = []
    for _ in range(requests):
        started = time.perf_counter()
        await asyncio.create_task(request(variant.app, body))
        durations.append(time.perf_counter() - started)
        await asyncio.sleep(0)
    watching.cancel()
    return durations, watch.longest


class Stalls:
    """The longest time, in seconds of a clock, in which the event loop did not come back to a task always ready."""

    longest = 0.0

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            before = self._clock()
            await asyncio.sleep(0)
            self.longest = max(self.longest, self._clock() - before)


def be_undisturbed() -> None:
    """Stay on one core, and say nothing."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0})
    logging.disable(logging.WARNING)


def stay_aside() -> None:
    """Leave that core alone where there is another, and have what is started from here do so."""
    if hasattr(os, "sched_setaffinity") and (others := os.sched_getaffinity(0) - {0}):
        os.sched_setaffinity(0, others)


def main() -> None:
    """Run the variant that the command line names, and print its figures."""
    name, inner, requests, uri, experiment, folder = sys.argv[1:]
    be_undisturbed()
    variant = VARIANTS[name](int(inner), uri, experiment, Path(folder))
    asyncio.run(warm_up(variant))
    cpu_before = time.process_time()
    durations, stall = asyncio.run(burst(variant, int(requests)))
    variant.finish()
    cpu = time.process_time() - cpu_before
    durations.sort()
    figures = Figures(
        p50_us=durations[len(durations) // 2] * 1e6,
        p999_us=durations[int(len(durations) * 0.999)] * 1e6,
        longest_stall_ms=stall * 1e3,
        cpu_us=cpu / int(requests) * 1e6,
    )
    print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
