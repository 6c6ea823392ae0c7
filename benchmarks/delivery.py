"""What delivery costs and how fast it is, beside a bare client that posts the same bytes.

    python -m benchmarks.delivery [--traces 300] [--rounds 5]

One run, one machine, one MLflow server on SQLite; the bare client and ours take turns. Read the ratios, of which the
median counts: the rates are the machine's, and what else it does at the time.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import requests

from otel_mlflow import Settings
from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.leases import spool_path
from otel_mlflow.delivery.records import TraceRecord
from otel_mlflow.spans.records.root_attributes import export_tags
from otel_mlflow.spans.trace import TraceMetadata
from tests.delivering import Finished, info_of, settings_for, spans_of, trace
from tests.servers.mlflow_server import MlflowServer
from tests.servers.traces import TraceReader

SPANS = 6
BATCH = 100
BURST = 3400
IDLE_SECONDS = 20.0
TICK = 0.001
TAGS = {
    "http.route": "/ask/{number}",
    "http.method": "POST",
    "http.status_code": "200",
    "service.name": "benchmark",
    "otel_mlflow.outcome": "ok",
    "request_id": "0" * 32,
}


@dataclass
class Encoded:
    """A finished trace whose writing down takes as long as in real life: spans are built when it is asked for."""

    record: TraceRecord
    counted: bool = True

    def encode(self) -> TraceRecord:
        """Build the spans."""
        trace_id = bytes.fromhex(self.record.trace_id.removeprefix("tr-"))
        attributes = {f"attribute.{number}": "value" for number in range(8)}
        return TraceRecord(
            self.record.trace_id, spans_of(trace_id, spans=SPANS, attributes=attributes), self.record.info, None, True
        )


def traces(number: int, *, asked: bool = False) -> list[TraceRecord]:
    """New traces of six spans, which say all of themselves; `asked` with a request id of the client's beside them."""
    attributes = {f"attribute.{each}": "value" for each in range(4)} | export_tags(TraceMetadata(), TAGS)
    info = info_of(tags=TAGS, client_request_id="r-1" if asked else "", needs_request=asked)
    return [trace(spans=SPANS, attributes=attributes, info=info) for _ in range(number)]


def bare_client(server: MlflowServer, experiment: str, records: Sequence[TraceRecord]) -> float:
    """Post the spans alone, pre-encoded, batch after batch over one connection; answer traces a second."""
    with requests.Session() as session:
        created = session.post(f"{server.url}/api/2.0/mlflow/experiments/create", json={"name": experiment}, timeout=60)
        headers = {
            "x-mlflow-experiment-id": created.json()["experiment_id"],
            "Content-Type": "application/x-protobuf",
        }
        bodies = [
            b"".join(record.spans for record in records[start : start + BATCH])
            for start in range(0, len(records), BATCH)
        ]
        began = time.perf_counter()
        for body in bodies:
            session.post(f"{server.url}/v1/traces", data=body, headers=headers, timeout=60).raise_for_status()
        return len(records) / (time.perf_counter() - began)


def drain(server: MlflowServer, folder: Path, experiment: str, records: Sequence[TraceRecord]) -> float:
    """Deliver a backlog from disk; return traces a second until everything is stored."""
    settings = settings_for(folder, server.url).model_copy(update={"experiment_name": experiment})
    spool(settings, records)
    delivery = Delivery(settings)
    delivery.start()
    with closing(sqlite3.connect(spool_path(folder))) as look:
        wait(lambda: delivery.experiment is not None)
        began = time.perf_counter()
        wait(lambda: not waiting(look))
        complete = time.perf_counter()
    delivery.shutdown()
    assert len(TraceReader(server.url, experiment).traces(spans=False)) == len(records)
    return len(records) / (complete - began)


def waiting(look: sqlite3.Connection) -> bool:
    """Whether there are records in the spool."""
    return look.execute("SELECT 1 FROM record LIMIT 1").fetchone() is not None


def spool(settings: Settings, records: Sequence[TraceRecord]) -> None:
    """Put traces on disk as a process that never reached the backend does."""
    delivery = Delivery(settings)
    for record in records:
        delivery.put(Finished(record))
    delivery.write_down()


async def burst(delivery: Delivery | None, records: Sequence[TraceRecord]) -> tuple[float, float]:
    """Put a burst on an event loop as fast as it goes; answer the longest stall and a put's median cost, in seconds."""
    stalls: list[float] = []
    ticking = asyncio.create_task(tick(stalls))
    costs = []
    for record in records:
        finished = Encoded(record)
        began = time.perf_counter()
        if delivery is not None:
            delivery.put(finished)
        costs.append(time.perf_counter() - began)
        await request()
    ticking.cancel()
    return max(stalls), statistics.median(costs)


async def request() -> None:
    """Stand for what an application does between two traces: 100 µs of work, and a turn of the event loop."""
    until = time.perf_counter() + 0.0001
    while time.perf_counter() < until:
        pass
    await asyncio.sleep(0)


async def tick(stalls: list[float]) -> None:
    """Note how much later than asked for the loop comes back, again and again."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        stalls.append(time.perf_counter() - began - TICK)


def idle_share(delivery: Delivery) -> float:
    """The share of a core that delivery takes with nothing to do."""
    before = cpu_seconds()
    time.sleep(IDLE_SECONDS)
    assert delivery.status().state == "ok"
    return (cpu_seconds() - before) / IDLE_SECONDS


def cpu_seconds() -> float:
    """What this process has used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def wait(condition: Callable[[], bool]) -> None:
    """Look until it holds."""
    while not condition():
        time.sleep(0.01)


def main() -> None:
    """Run it all and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=300, help="size of each backlog, more than a batch holds")
    parser.add_argument("--rounds", type=int, default=5, help="backlogs to drain")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = MlflowServer(folder)
        try:
            run(server, folder, options.traces, options.rounds)
        finally:
            server.stop()


def run(server: MlflowServer, folder: Path, size: int, rounds: int) -> None:
    """Measure against a server that is warm."""
    bare_client(server, "warm", traces(200))
    bare, complete, asked = [], [], []
    for number in range(rounds):
        bare.append(bare_client(server, f"bare {number}", traces(size)))
        complete.append(drain(server, folder / f"drain {number}", f"drained {number}", traces(size)))
        asked.append(drain(server, folder / f"asked {number}", f"asked {number}", traces(size, asked=True)))

    records = traces(BURST)
    none_stall, _ = asyncio.run(burst(None, records))
    delivery = Delivery(settings_for(folder / "burst", server.url))
    delivery.start()
    wait(lambda: delivery.experiment is not None)
    idle = idle_share(delivery)
    stall, put = asyncio.run(burst(delivery, records))
    print_table(
        {
            "bare client, pre-encoded spans": f"{statistics.median(bare):.0f} traces/s",
            "ours, until everything is stored": compared(complete, bare),
            "… with a client's request id on each": compared(asked, bare),
            "putting a trace, median": f"{put * 1e6:.1f} µs",
            "longest stall in a burst of 3,400, without and with": f"{none_stall * 1e3:.1f} and {stall * 1e3:.1f} ms",
            "idle": f"{idle * 100:.2f} % of a core",
        }
    )
    delivery.shutdown(timeout=0)


def compared(rates: Sequence[float], bare: Sequence[float]) -> str:
    """Ours beside the bare client's turn just before."""
    ratios = sorted(ours / theirs for ours, theirs in zip(rates, bare, strict=True))
    spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
    return f"{statistics.median(rates):.0f} traces/s, {statistics.median(ratios):.2f} of it ({spread})"


def print_table(rows: dict[str, str]) -> None:
    """Print names and figures side by side."""
    width = max(map(len, rows))
    for name, figure in rows.items():
        print(f"{name:{width}}  {figure}")


if __name__ == "__main__":
    main()
