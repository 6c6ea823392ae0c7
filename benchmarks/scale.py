"""The simulation behind the table of docs/scale.md: how many of each part a load needs, and what an outage does to it.

    python -m benchmarks.scale

A chain of hops, each with a rate and room, second after second. A hop that is full is not sent to: what it cannot take
stays where it is, as in the fleet. Only the first hop, the spools of the hosts, drops what it has no room for.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

TRACE = 4200
"""Bytes of a trace of six spans, in a spool and in a Collector's queue alike."""

AGENT_RATE, GATEWAY_RATE = 6000.0, 5000.0
"""Traces a second for a core: `python -m benchmarks.hops`."""

MLFLOW_RATE = 250.0
"""Traces a second for a worker, a hundred in a request."""

POSTGRES_RATE = 650.0
"""Traces a second for a core of the database, of which one server has so many at the most."""

POSTGRES_CORES = 32

SPOOL, AGENT_QUEUE, GATEWAY_QUEUE = 512 * 2**20, 1_000_000 / 6 * TRACE, 2_000_000 / 6 * TRACE
"""Bytes: the default of `delivery.max_spool_bytes`, and the queues of config/collector/ at six spans a trace."""

SPARE = 0.6
"""Share of a part's rate that it is planned for: the rest takes bursts, and what an outage has left."""

OUTAGE = 1800
"""Seconds without MLflow."""

LOADS = ((10.0, 1), (100.0, 4), (1000.0, 20), (10_000.0, 100))
"""Traces a second, and hosts."""


@dataclass(frozen=True)
class Part:
    """One kind of part of the fleet."""

    name: str
    units: int
    rate: float
    """Traces a second that one passes on."""
    room: float
    """Traces that one can hold."""


@dataclass
class Course:
    """What happened: for each part the most that it held, in traces, and what came to an end."""

    most: dict[str, float]
    arrived: float = 0.0
    delivered: float = 0.0
    dropped: float = 0.0
    waiting: float = 0.0
    drained: int = 0
    """Seconds from the end of the outage until nothing more than usual waited."""


@dataclass
class Fleet:
    """A chain of parts, and what each holds."""

    parts: Sequence[Part]
    held: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin empty."""
        self.held = [0.0] * len(self.parts)

    def second(self, arrivals: float, *, is_up: bool) -> tuple[float, float]:
        """Let a second pass; answer how many traces were delivered, and how many dropped."""
        last = len(self.parts) - 1
        delivered = self._passed(last, math.inf) if is_up else 0.0
        self.held[last] -= delivered
        for at in range(last - 1, -1, -1):
            moved = self._passed(at, self._room(at + 1))
            self.held[at] -= moved
            self.held[at + 1] += moved
        taken = min(arrivals, self._room(0))
        self.held[0] += taken
        return delivered, arrivals - taken

    def _passed(self, at: int, room: float) -> float:
        part = self.parts[at]
        return min(self.held[at], part.units * part.rate, room)

    def _room(self, at: int) -> float:
        part = self.parts[at]
        return part.units * part.room - self.held[at]


def sized(load: float, hosts: int) -> list[Part]:
    """The parts that the load needs. Gateways and MLflow's workers are at least two, so that one may be down."""
    workers = max(2, math.ceil(load / (MLFLOW_RATE * SPARE)))
    return [
        Part("spools", hosts, AGENT_RATE, SPOOL / TRACE),
        Part("agents", hosts, AGENT_RATE, AGENT_QUEUE / TRACE),
        Part("gateways", max(2, math.ceil(load / (GATEWAY_RATE * SPARE))), GATEWAY_RATE, GATEWAY_QUEUE / TRACE),
        Part("MLflow workers", workers, min(MLFLOW_RATE, POSTGRES_RATE * POSTGRES_CORES / workers), 2 * MLFLOW_RATE),
    ]


def run(parts: Sequence[Part], load: float, *, outage: int = OUTAGE, longest: int = 86_400) -> Course:
    """A quiet minute, the outage, and the time until all of it has been delivered."""
    fleet, course = Fleet(parts), Course({part.name: 0.0 for part in parts})
    usual = 0.0
    for second in range(60 + outage + longest):
        delivered, dropped = fleet.second(load, is_up=not 60 <= second < 60 + outage)
        course.arrived += load
        course.delivered += delivered
        course.dropped += dropped
        course.waiting = sum(fleet.held)
        for part, held in zip(parts, fleet.held, strict=True):
            course.most[part.name] = max(course.most[part.name], held)
        if second == 59:
            usual = course.waiting
        if second >= 60 + outage and course.waiting <= usual * 1.01 + 1:
            course.drained = second - 60 - outage
            break
    return course


def hours_of_room(parts: Sequence[Part], load: float) -> float:
    """How long all queues together hold the load when nothing leaves."""
    return sum(part.units * part.room for part in parts) / load / 3600


def breaks_first(parts: Sequence[Part], load: float) -> str:
    """The part that has the least to spare as it is."""
    return max(parts, key=lambda part: load / (part.units * part.rate)).name


def rows() -> Iterator[str]:
    """The table, in Markdown."""
    yield (
        "| traces a second | hosts | gateways | MLflow workers | PostgreSQL cores | queued in 30 min without MLflow | "
        "drained after | all queues hold | least to spare |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for load, hosts in LOADS:
        parts = sized(load, hosts)
        course = run(parts, load)
        queued = sum(course.most.values()) * TRACE / 2**30
        cores = load / POSTGRES_RATE / SPARE
        yield (
            f"| {load:,.0f} | {hosts} | {parts[2].units} | {parts[3].units} | {cores:.1f} | {queued:.1f} GiB | "
            f"{course.drained / 60:.0f} min | {hours_of_room(parts, load):.1f} h | {breaks_first(parts, load)} |"
        )


if __name__ == "__main__":
    sys.stdout.write("\n".join(rows()) + "\n")
