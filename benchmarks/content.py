"""What recording costs a request: 2 KB of JSON in and out, captured and redacted, and a run, beside recording nothing.

    python -m benchmarks.content [--requests 2000] [--rounds 5]

Traces go into the spool and no further, so that it is the request's path that is measured. Each variant runs in a
process of its own, in turns; of its rounds the best counts. Machines are noisy: quote ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.burst import be_undisturbed, burst, warm_up
from benchmarks.variants import Variant, mlflow_in_handler, none, plain_app

NOWHERE = "http://127.0.0.1:9"
QUESTION = "How did sales in the north develop over the last four quarters, by product and by customer? " * 21
BODY = json.dumps({"question": QUESTION}).encode()


def nothing_recorded(folder: Path) -> Variant:
    """otel-mlflow without content, redaction or runs."""
    return _ours(folder, tracing={"capture_input_output": False, "redact_keys": []})


def all_recorded(folder: Path) -> Variant:
    """otel-mlflow with content, redaction and a run for each request."""
    return _ours(folder, tracing={}, runs={"mode": "request"})


def _ours(folder: Path, **settings: Any) -> Variant:
    import otel_mlflow

    app = plain_app(0)
    settings["tracing"] |= {"autolog": []}
    delivery = {"spool_dir": folder, "shutdown_timeout": 0}
    otel_mlflow.instrument(app, otel_mlflow.Settings(tracking_uri=NOWHERE, delivery=delivery, **settings))
    return Variant(app, lambda: None)


def by_hand(folder: Path) -> Variant:
    """MLflow's own span in the handler, with inputs and outputs, into a local store."""
    return mlflow_in_handler(0, f"sqlite:///{folder / 'mlflow.db'}", "by hand", folder)


def untraced(folder: Path) -> Variant:
    """The application alone."""
    return none(0, NOWHERE, "", folder)


VARIANTS: dict[str, Callable[[Path], Variant]] = {
    "no tracing": untraced,
    "mlflow.start_span, inputs and outputs": by_hand,
    "otel-mlflow, nothing recorded": nothing_recorded,
    "otel-mlflow, all recorded, with runs": all_recorded,
}


def main() -> None:
    """Measure all variants in turns, and print a table; or, as a child, one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000, help="requests in each round (default: 2000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--child", choices=list(VARIANTS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(_median_us(arguments.child, arguments.requests))
    else:
        _table(arguments.requests, arguments.rounds)


def _median_us(name: str, requests: int) -> float:
    be_undisturbed()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        variant = VARIANTS[name](Path(folder))
        asyncio.run(warm_up(variant, BODY))
        durations, _ = asyncio.run(burst(variant, requests, BODY))
        variant.finish()
    return sorted(durations)[len(durations) // 2] * 1e6


def _table(requests: int, rounds: int) -> None:
    best = {name: float("inf") for name in VARIANTS}
    for _ in range(rounds):
        for name in VARIANTS:
            best[name] = min(best[name], _in_child(name, requests))
    base, bare, recorded = (best[name] for name in (*list(VARIANTS)[:1], *list(VARIANTS)[2:]))
    print(f"{len(BODY)} bytes of JSON in and out, {requests} requests, best of {rounds} rounds")
    print(f"{'':<40}{'p50 µs':>9}{'added':>8}{'ratio':>8}")
    for name, p50 in best.items():
        print(f"{name:<40}{p50:>9.0f}{p50 - base:>8.0f}{p50 / base:>8.2f}")
    print(f"recording all of it costs a request {recorded - bare:.1f} µs more than recording nothing")


def _in_child(name: str, requests: int) -> float:
    command = [sys.executable, "-m", "benchmarks.content", "--child", name, "--requests", str(requests)]
    child = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return float(child.stdout.split()[-1])


if __name__ == "__main__":
    main()
