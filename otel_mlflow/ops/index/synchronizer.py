"""What of the index is not as the backend is, and reading that anew.

Time is divided into steps: minutes for the last two hours, hours before them. A step is read anew when

1. it never was;
2. the backend's tally of it has changed: traces or feedback came late, or were deleted;
3. a trace in it had not ended when it was read, and it is younger than a day;
4. it was read so early that more may be known of its traces now: spans arrive before tags do.

It is not where all that the backend counts in it was delivered by this host, which knows it then.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from otel_mlflow.ops.feeds.base import Feed, Tally
from otel_mlflow.ops.index.entry import TraceEntry
from otel_mlflow.ops.index.trace_index import TraceIndex
from otel_mlflow.ops.question import DAY, HOUR, MINUTE

HEAD = 2 * HOUR
FEW = 250
"""Traces that are read once more rather than have another search begun for those behind them: half a page."""

SETTLED_AFTER = {MINUTE: MINUTE, HOUR: 15 * MINUTE}
"""How long after its end a step is read once more, by its length."""


@dataclass(frozen=True)
class StepRange:
    """Steps that follow each other and are to be read."""

    start_ms: int
    end_ms: int
    step_ms: int
    tallies: Mapping[int, Tally]


class Synchronizer:
    """Brings an index to where its backend is. Not for several threads at once."""

    def __init__(self, index: TraceIndex, feed: Feed, now_ms: Callable[[], int] | None = None) -> None:
        self._index = index
        self._feed = feed
        self._now_ms = now_ms or (lambda: time.time_ns() // 1_000_000)

    def synchronize(self, start_ms: int, end_ms: int, stop: threading.Event) -> None:
        """Read what has changed, the newest first; end early where `stop` is set. Raises `DeliveryError`."""
        now = self._now_ms()
        head = (now - HEAD) // HOUR * HOUR
        last = now + MINUTE if end_ms > now else end_ms
        for steps in self._changed(max(start_ms, head), last, MINUTE, now):
            self._read(steps, stop)
        for steps in self._changed(start_ms, min(end_ms, head), HOUR, now):
            self._read(steps, stop)
        self._index.prune()

    def _changed(self, start_ms: int, end_ms: int, step_ms: int, now: int) -> list[StepRange]:
        start, end = start_ms // step_ms * step_ms, -(-end_ms // step_ms) * step_ms
        if start >= end:
            return []
        tallies = self._feed.tallies(start, end, step_ms)
        self._confirm(tallies or {}, step_ms, self._index.scanned(step_ms, start, end), now)
        scanned = self._index.scanned(step_ms, start, end)
        scanned_finer = self._index.scanned_finer(step_ms, start, end)
        unfinished = self._index.unfinished(step_ms, max(start, now - DAY), end)
        settled_after = SETTLED_AFTER[step_ms]

        def is_changed(step: int) -> bool:
            if step not in scanned:
                return tallies is None or step in tallies or step in scanned_finer
            tally, at_ms = scanned[step]
            if tallies is not None and _state(tallies, step) != tally:
                return True
            is_early = at_ms < step + step_ms + settled_after and (tallies is None or step in tallies)
            return is_early or step in unfinished

        changed = [step for step in range(start, end, step_ms) if is_changed(step)]
        return [
            StepRange(first, last, step_ms, tallies or {}) for first, last in _joined(changed, step_ms, tallies or {})
        ]

    def _confirm(
        self, tallies: Mapping[int, Tally], step_ms: int, scanned: Mapping[int, tuple[str, int]], now: int
    ) -> None:
        """Take for read what this host has delivered itself."""
        doubtful = [
            step
            for step, tally in tallies.items()
            if tally.mean_ms is not None and (step not in scanned or scanned[step][0] != tally.state)
        ]
        known = self._index.mean_durations(step_ms, doubtful)
        confirmed = {step: tallies[step].state for step, own in known.items() if _is_same(tallies[step], own)}
        if confirmed:
            self._index.confirm(step_ms, confirmed, now + step_ms + SETTLED_AFTER[step_ms])

    def _read(self, steps: StepRange, stop: threading.Event) -> None:
        """Step by step, so that what was read is kept when it takes too long."""
        read: list[TraceEntry] = []
        done_from = steps.end_ms
        for page in self._feed.pages(steps.start_ms, steps.end_ms):
            read += page
            complete_from = page[-1].time_ms // steps.step_ms * steps.step_ms + steps.step_ms
            if complete_from < done_from:
                self._keep(steps, complete_from, done_from, [e for e in read if e.time_ms >= complete_from])
                read = [entry for entry in read if entry.time_ms < complete_from]
                done_from = complete_from
            if stop.is_set():
                return
        self._keep(steps, steps.start_ms, done_from, read)

    def _keep(self, steps: StepRange, start_ms: int, end_ms: int, entries: Sequence[TraceEntry]) -> None:
        states = {step: tally.state for step, tally in steps.tallies.items()}
        self._index.replace(start_ms, end_ms, entries, steps.step_ms, states)


def _state(tallies: Mapping[int, Tally], step: int) -> str:
    return tallies[step].state if step in tallies else ""


def _is_same(tally: Tally, own: tuple[int, float]) -> bool:
    """Whether the backend counts as many traces, which took as long."""
    return tally.mean_ms is not None and tally.traces == own[0] and math.isclose(tally.mean_ms, own[1], abs_tol=0.01)


def _joined(changed: Sequence[int], step_ms: int, tallies: Mapping[int, Tally]) -> list[tuple[int, int]]:
    """Steps that are read together, the newest first: those next to each other, or with few traces in between."""
    found: list[tuple[int, int]] = []
    for start in changed:
        between = range(found[-1][1], start, step_ms) if found else range(0)
        is_near = not between or (tallies and sum(tallies[s].traces for s in between if s in tallies) <= FEW)
        if found and is_near:
            found[-1] = found[-1][0], start + step_ms
        else:
            found.append((start, start + step_ms))
    return found[::-1]
