"""The Collectors on the way: whether each is well, how full its queue is, what it has refused or dropped."""

from __future__ import annotations

from otel_mlflow.backends.collector_metrics import CollectorFigures, read_all
from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup

NEARLY_FULL = 0.8
"""Share of a queue in use at which it will soon refuse."""

WHERE = "docs/scale.md says what breaks first, and what to do"


def check(setup: Setup) -> CheckResult:
    """Ask each that `otlp.monitor` names."""
    addresses = setup.settings.otlp.monitor
    if not addresses:
        return ok("otlp.monitor names none: how the Collectors on the way are is not known here")
    found = read_all(addresses)
    troubles = [trouble for figures in found if (trouble := describe_trouble(figures))]
    if troubles:
        return warn("; ".join(troubles), WHERE)
    return ok("; ".join(map(_words, found)))


def describe_trouble(figures: CollectorFigures) -> str:
    """What is wrong with a Collector; empty where nothing is."""
    if figures.problem:
        return f"the Collector at {figures.address} cannot be asked: {figures.problem}"
    if figures.dropped:
        return f"the Collector at {figures.address} has dropped {figures.dropped} spans that a backend refused"
    if figures.fullness > NEARLY_FULL:
        return f"the queue of the Collector at {figures.address} is {figures.fullness:.0%} full"
    return ""


def _words(figures: CollectorFigures) -> str:
    decided = figures.kept + figures.left_out
    sampling = f", {figures.left_out} of {decided} traces left out" if decided else ""
    return f"{figures.address}: {figures.queued} of {figures.capacity} queued, {figures.refused} refused{sampling}"
