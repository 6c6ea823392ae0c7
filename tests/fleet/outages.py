"""What is killed, and how it comes back."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.faults.crowd import Answer
from tests.fleet.fleet import Fleet


@dataclass(frozen=True)
class Outage:
    """One part of the fleet that goes down; `kill` answers the pid of the application worker that it killed, or 0."""

    name: str
    kill: Callable[[], int]
    restore: Callable[[], None]


def outages(fleet: Fleet, answers: Callable[[], Sequence[Answer]]) -> tuple[Outage, ...]:
    """One of each kind of process."""
    agent, gateway = fleet.agents[0], fleet.gateways[0]
    return (
        Outage("an application worker", lambda: _kill_worker(answers()), _supervised),
        Outage("an agent", lambda: _killed(agent.kill), agent.start),
        Outage("a gateway", lambda: _killed(gateway.kill), gateway.start),
        Outage("the MLflow server", lambda: _killed(fleet.mlflow.kill), fleet.mlflow.start),
        Outage("PostgreSQL", lambda: _killed(fleet.postgres.crash), fleet.postgres.start),
    )


def alone_and_together(parts: Sequence[Outage], at_once: int) -> Iterator[tuple[Outage, ...]]:
    """One after the other, then every two, and so on."""
    for size in range(1, at_once + 1):
        yield from itertools.combinations(parts, size)


def _kill_worker(answers: Sequence[Answer]) -> int:
    pid = answers[-1].pid
    os.kill(pid, signal.SIGKILL)
    return pid


def _killed(kill: Callable[[], object]) -> int:
    kill()
    return 0


def _supervised() -> None:
    """Its supervisor has started another worker already."""


@dataclass(frozen=True)
class Death:
    """An application worker that was killed, and when, by the machine's monotonic time."""

    pid: int
    at: float

    @classmethod
    def now(cls, pid: int) -> Death:
        """That of this moment."""
        return cls(pid, time.monotonic())
