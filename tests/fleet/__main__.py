"""`make fleet`: start a fleet on this machine, kill its parts under load, and tell what became of every trace.

`python -m tests.fleet [--folder FOLDER] [--alone] [--stay]`; exit code 1 where a trace is missing or not whole.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from tests.fleet.chaos import ChaosTest, Verdict, chaos_test
from tests.fleet.collector_build import CollectorMissingError, find_or_build
from tests.fleet.fleet import Fleet, fleet
from tests.fleet.outages import alone_and_together, outages
from tests.fleet.shown import shown

DRAINING = 300.0
"""Seconds in which all that waits anywhere must have arrived."""


def main() -> int:
    """Run it; 0 when every answered trace has arrived exactly once, and whole."""
    options = _options()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        say(f"the Collector is {find_or_build()}")
    except CollectorMissingError as error:
        say(f"there is no Collector: {error}")
        return 1
    try:
        folder = options.folder or Path(tempfile.mkdtemp(prefix="otel-mlflow-fleet-"))
        return run(folder, at_once=1 if options.alone else 2, stay=options.stay)
    except KeyboardInterrupt:
        say("stopped; nothing is left running")
        return 1


def run(folder: Path, *, at_once: int, stay: bool) -> int:
    """Start the fleet in `folder`, try it, and stop it; up to `at_once` parts are killed together."""
    with fleet(folder) as running:
        introduce(running)
        verdict = put_to_the_test(running, at_once)
        say(f"\n{verdict}")
        if stay:
            say("\nCtrl-C ends it all.")
            signal.pause()
    return 0 if verdict.is_good else 1


def introduce(running: Fleet) -> None:
    """Say where everything is."""
    say(f"MLflow          {running.mlflow.url}/#/experiments/{running.experiment_id}")
    say(f"dashboard       {running.dashboard.url}/ops/")
    say(f"Prometheus      {running.prometheus.url}")
    for app, agent in zip(running.apps, running.agents, strict=True):
        say(f"host            {app.url}, two workers; its agent http://{agent.address}:4318")
    for gateway in running.gateways:
        say(f"gateway         {gateway.address}:4317, its metrics http://{gateway.address}:8889/metrics")


def put_to_the_test(running: Fleet, at_once: int) -> Verdict:
    """Kill everything, alone and together, under load; then let it come to rest."""
    with chaos_test(running) as going:
        going.answer_some()
        for parts in alone_and_together(outages(running, going.answers), at_once):
            began = time.monotonic()
            going.go_through(parts)
            names = " and ".join(part.name for part in parts)
            say(f"killed {names}; back after {time.monotonic() - began:.0f} s. {shown(running)}")
        return come_to_rest(going)


def come_to_rest(going: ChaosTest) -> Verdict:
    """End the load, and wait for what is on its way."""
    say("the load ends; waiting for what is on its way …")
    going.end()
    return going.verdict(seconds=DRAINING)


def say(words: str) -> None:
    """One line for whoever watches."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fleet", description="a fleet on this machine, and its chaos test"
    )
    parser.add_argument("--folder", type=Path, help="where queues, databases and logs go (a temporary folder)")
    parser.add_argument("--alone", action="store_true", help="kill one part after the other, and no two at once")
    parser.add_argument("--stay", action="store_true", help="leave it running in the end, to look at")
    return parser.parse_args()


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End once, in order: while the processes are being stopped, further signals must not cut that short."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
