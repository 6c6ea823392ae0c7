"""What one request of very many spans does to the others: how long it keeps the event loop and the collector busy.

    python -m benchmarks.many_spans [--spans 100000] [--in-a-row 100] [--rounds 3]

The handler opens and ends so many spans, and lets the event loop go on after each row of them; in the last rows of the
table it runs beside the loop, in a thread. A task that is always ready notes the longest time in which it did not get
its turn, and the most CPU of the loop's own thread between two turns, which a busy machine changes less. Each variant
is a process of its own, the rounds take turns, and the median is printed. Full garbage collections are over all that
MLflow's client has in memory, which is imported in every variant but the first.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import gc
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from opentelemetry import trace

from benchmarks.burst import WARM_UP, Stalls, request

FEW = 5
"""Spans of a request of the warm-up."""

AFTERWARDS = 0.5
"""Seconds in which the loop is still watched: what was not written down yet is."""

Figures = dict[str, float]


def main() -> None:
    """Run every variant in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=100_000, help="spans of the request (default: 100000)")
    parser.add_argument("--in-a-row", type=int, default=100, help="spans between two awaits (default: 100)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default: 3)")
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--in-a-thread", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.variant:
        in_a_row = 0 if arguments.in_a_thread else arguments.in_a_row
        print(json.dumps(asyncio.run(_measured(arguments.variant, arguments.spans, in_a_row))))
    else:
        _print_table(arguments.spans, arguments.in_a_row, arguments.rounds)


def _print_table(spans: int, in_a_row: int, rounds: int) -> None:
    places = [(name, place) for place in ("", "in a thread") for name in VARIANTS]
    found: dict[tuple[str, str], list[Figures]] = {each: [] for each in places}
    for _ in range(rounds):
        for name, place in places:
            words = ["--variant", name, "--spans", str(spans), "--in-a-row", str(in_a_row)]
            words += ["--in-a-thread"] if place else []
            child = subprocess.run([sys.executable, "-m", __spec__.name, *words], stdout=subprocess.PIPE, check=True)
            found[name, place].append(json.loads(child.stdout.splitlines()[-1]))
    print(f"{spans} spans in one request, {in_a_row} in a row\n{'':<58}" + "".join(f"{name:>12}" for name in COLUMNS))
    for (name, place), figures in found.items():
        medians = [statistics.median(each[column] for each in figures) for column in COLUMNS]
        print(f"{f'{name} {place}'.strip():<58}" + "".join(f"{median:>12.1f}" for median in medians))


COLUMNS = ("stall ms", "of CPU ms", "full gcs", "young gcs", "CPU s", "more MB")


async def _measured(name: str, spans: int, in_a_row: int) -> Figures:
    logging.disable(logging.WARNING)
    app = _app(in_a_row)
    VARIANTS[name](app)
    for _ in range(WARM_UP):
        await request(app, _body(FEW))
    await asyncio.sleep(1)
    gc.collect()
    stalls, stalls_of_cpu, collected = Stalls(), Stalls(time.thread_time), _collections()
    memory, cpu = _resident(), time.process_time()
    watching = asyncio.gather(stalls.run(), stalls_of_cpu.run())
    await request(app, _body(spans))
    used = time.process_time() - cpu
    more = _resident() - memory
    await asyncio.sleep(AFTERWARDS)
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    young, full = (after - before for after, before in zip(_collections(), collected, strict=True))
    longest = stalls.longest * 1e3, stalls_of_cpu.longest * 1e3
    return dict(zip(COLUMNS, (*longest, full, young, used, more / 1e6), strict=True))


def _app(in_a_row: int) -> FastAPI:
    app = FastAPI(telemetry={"tracing": False})
    tracer = trace.get_tracer("benchmark")

    def open_spans(spans: int) -> None:
        for step in range(spans):
            with tracer.start_as_current_span(f"step {step % 7}"):
                pass

    async def ask(number: int, question: dict[str, int]) -> dict[str, int]:
        for _ in range(0, question["spans"], in_a_row):
            open_spans(min(in_a_row, question["spans"]))
            await asyncio.sleep(0)
        return {"number": number}

    def ask_in_a_thread(number: int, question: dict[str, int]) -> dict[str, int]:
        open_spans(question["spans"])
        return {"number": number}

    app.post("/ask/{number}")(ask if in_a_row else ask_in_a_thread)
    return app


def _none(_: FastAPI) -> None:
    """No tracing."""


def _sdk(_: FastAPI) -> None:
    """OpenTelemetry's SDK, and nobody who keeps a span."""
    import mlflow.tracing.fluent  # noqa: F401
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())


def _sdk_exporting(app: FastAPI) -> None:
    """… with the batch processor, to an exporter that does nothing with them."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    _sdk(app)
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        raise TypeError(f"the tracer provider is {provider!r}, expected the SDK's")
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))


def _ours(app: FastAPI, *, sample_rate: float = 1.0, freeze_heap: bool = False) -> None:
    """otel-mlflow, with nobody to deliver to."""
    import otel_mlflow

    settings = otel_mlflow.Settings(
        tracking_uri="http://127.0.0.1:9",
        experiment_name="benchmark",
        tracing={"autolog": [], "http_only_traces": "keep", "sample_rate": sample_rate},
        runs={"mode": "off"},
        delivery={"spool_dir": tempfile.mkdtemp(), "shutdown_timeout": 0.1},
        freeze_heap=freeze_heap,
    )
    otel_mlflow.instrument(app, settings)


VARIANTS: dict[str, Callable[[FastAPI], None]] = {
    "no tracing": _none,
    "OpenTelemetry's SDK, nobody keeps a span": _sdk,
    "… with batch processor and an exporter to nowhere": _sdk_exporting,
    "otel-mlflow": _ours,
    "otel-mlflow, freeze_heap": functools.partial(_ours, freeze_heap=True),
    "otel-mlflow, sampled out": functools.partial(_ours, sample_rate=0.0),
}


def _body(spans: int) -> bytes:
    return json.dumps({"spans": spans}).encode()


def _collections() -> tuple[int, int]:
    """How many younger and how many full ones there were."""
    youngest, younger, full = (each["collections"] for each in gc.get_stats())
    return youngest + younger, full


def _resident() -> int:
    """Bytes of memory that the process has."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096


if __name__ == "__main__":
    main()
