"""How late an event loop is beside a dashboard in it: `python -m benchmarks.ops_loop`.

An application's event loop has a timer of 2 ms; the dashboard of a store with 6,000 routes is asked again and again in
the same loop, as by a browser. Told is how late the timer was, alone and beside it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import httpx

import otel_mlflow
from otel_mlflow import Settings
from otel_mlflow.ops.question import SECOND
from otel_mlflow.ops.summary import iso
from tests.ops.tables import Tables
from tests.ops.variety import DAY, END, FIRST, MAIN, variety

TIMER = 0.002
BEATS = 1500
ROUTES = 6000
WINDOW = 60 * DAY


async def measure(folder: Path) -> None:
    """Print a row each."""
    settings = Settings(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        experiment_name=FIRST,
        service_name=MAIN,
        delivery={"spool_dir": folder / "spool"},
    )
    app = otel_mlflow.ops.app(otel_mlflow.Tracing(settings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=120) as client:
        size = len((await ask(client, 0)).content)
        show("alone", await lateness())
        asking = asyncio.create_task(ask_for_ever(client))
        show(f"beside a summary of {size / 1e6:.1f} MB", await lateness())
        asking.cancel()


async def ask_for_ever(client: httpx.AsyncClient) -> None:
    """Another question each time, whose answer nobody has kept."""
    number = 0
    while True:
        number += 1
        await ask(client, number)


async def ask(client: httpx.AsyncClient, number: int) -> httpx.Response:
    """As a browser does; what is compressed stays so: reading it is not the application's work."""
    asked = {"from": iso(END - WINDOW), "to": iso(END - SECOND * number)}
    async with client.stream("GET", "/api/summary", params=asked, headers={"Accept-Encoding": "gzip"}) as response:
        body = b"".join([part async for part in response.aiter_raw()])
    return httpx.Response(response.status_code, content=body)


async def lateness() -> list[float]:
    """By how many ms the timer was late, in order."""
    late = []
    for _ in range(BEATS):
        due = time.monotonic() + TIMER
        await asyncio.sleep(TIMER)
        late.append((time.monotonic() - due) * 1000)
    return sorted(late)


def show(name: str, late: list[float]) -> None:
    """Print a row."""
    p50, p99 = late[len(late) // 2], late[int(0.99 * len(late))]
    print(f"| {name} | {p50:.2f} ms, p99 {p99:.1f} ms, at most {late[-1]:.1f} ms |", flush=True)


def main() -> None:
    """Seed, ask, print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        Tables(f"sqlite:///{folder}/mlflow.db", str(folder)).add(variety(7000, routes=ROUTES, texts=200))
        asyncio.run(measure(folder))


if __name__ == "__main__":
    main()
