"""The fleet under load while its parts are killed: what was answered, what arrived, how late."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.faults.crowd import Answer, Crowd
from tests.fleet.arrivals import Arrivals
from tests.fleet.fleet import Fleet
from tests.fleet.outages import Death, Outage
from tests.servers.process import waited

ON_DISK = 0.25
"""Seconds after which an answered trace survives the death of the worker that answered."""

SPANS = 4
"""Of each request: the HTTP span, and three below it."""

ANSWERS_MEANWHILE = 15
"""Requests that each host answers while a part is down, and as many when it is back."""

CLIENTS = 2
"""For each host."""

Say = Callable[[str], None]


@dataclass
class ChaosTest:
    """Load on every host of a fleet."""

    fleet: Fleet
    crowds: Sequence[Crowd]
    arrivals: Arrivals
    deaths: list[Death] = field(default_factory=list)

    def answers(self) -> list[Answer]:
        """All so far, oldest first."""
        return sorted((each for crowd in self.crowds for each in crowd.answers), key=lambda answer: answer.at)

    def go_through(self, parts: Sequence[Outage]) -> None:
        """Kill these at once, let requests be answered meanwhile, and bring them back."""
        for part in parts:
            if pid := part.kill():
                self.deaths.append(Death.now(pid))
        self.answer_some()
        for part in reversed(parts):
            part.restore()
        self.answer_some()

    def answer_some(self) -> None:
        """Wait until some requests have been answered."""
        for crowd in self.crowds:
            crowd.wait_for(ANSWERS_MEANWHILE)

    def end(self) -> None:
        """No more requests."""
        for crowd in self.crowds:
            crowd.end()

    def expected(self) -> dict[str, Answer]:
        """The answered traces that must arrive, by their ids."""
        return {answer.trace_id: answer for answer in self.answers() if not self._may_be_lost(answer)}

    def verdict(self, *, seconds: float) -> Verdict:
        """Wait until all that must arrive has, for so many seconds at most, and tell what there is."""
        expected = self.expected()
        waited(lambda: self.arrivals.seen.keys() >= expected.keys() or None, seconds=seconds)
        waited(lambda: not _cut(expected, self.arrivals.spans()) or None, seconds=30)
        spans = self.arrivals.spans()
        late = [self.arrivals.seen[key] - each.at for key, each in expected.items() if key in self.arrivals.seen]
        dropped = sum(gateway.dropped() for gateway in self.fleet.gateways)
        return Verdict(
            len(self.answers()), sorted(expected.keys() - spans.keys()), _cut(expected, spans), late, dropped
        )

    def _may_be_lost(self, answer: Answer) -> bool:
        """Whether the worker was killed before its trace can have been on disk."""
        return any(death.pid == answer.pid and answer.at > death.at - ON_DISK for death in self.deaths)


@dataclass(frozen=True)
class Verdict:
    """What became of the answered requests' traces."""

    answered: int
    missing: Sequence[str]
    """Traces that must be there and are not."""
    not_whole: Sequence[str]
    """Traces that have more or fewer spans than were opened."""
    late: Sequence[float]
    """Seconds from each answer until its trace was seen in MLflow."""
    dropped: int
    """Spans that gateways have lost and counted, because MLflow refused their requests for good."""

    @property
    def is_good(self) -> bool:
        """Whether every answered trace is there exactly once, and whole."""
        return not (self.missing or self.not_whole)

    def __str__(self) -> str:
        """As people read it."""
        dropped = f"{self.dropped / SPANS:.0f} dropped by gateways"
        lost = f"{len(self.missing)} missing ({dropped}), {len(self.not_whole)} not whole"
        if len(self.late) < 2:
            return f"{self.answered} answered, {lost}"
        cuts = statistics.quantiles(self.late, n=100)
        return (
            f"{self.answered} answered, {len(self.late)} arrived, {lost}; seen in MLflow after "
            f"{cuts[49]:.1f} s (median), {cuts[94]:.1f} s (95 of 100), {max(self.late):.1f} s (the last)"
        )


@contextlib.contextmanager
def chaos_test(fleet: Fleet) -> Iterator[ChaosTest]:
    """Ask every host as fast as it answers, until the context is left."""
    with contextlib.ExitStack() as stack:
        arrivals = stack.enter_context(Arrivals(fleet.postgres.uri))
        crowds = [Crowd(app.url, clients=CLIENTS) for app in fleet.apps]
        yield ChaosTest(fleet, [stack.enter_context(crowd) for crowd in crowds], arrivals)


def _cut(expected: dict[str, Answer], spans: dict[str, int]) -> list[str]:
    """The traces that are there with another number of spans than their requests opened."""
    return sorted(key for key in expected if key in spans and spans[key] != SPANS)
