"""Figures from the index of this host, after it has caught up with the backend."""

from __future__ import annotations

import logging
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from otel_mlflow.ops.feeds.base import Feed
from otel_mlflow.ops.figures.count import count
from otel_mlflow.ops.index.feeder import Feeder
from otel_mlflow.ops.index.trace_index import TraceIndex
from otel_mlflow.ops.question import HOUR, Question
from otel_mlflow.ops.sources.statements import LOOK_BACK
from otel_mlflow.ops.summary import BEHIND, Figures, Missing, Summary

logger = logging.getLogger("otel_mlflow")


TOLERATED = 0.01
"""The share of a window's traces that may have come since it was read."""

UNCOUNTED = (
    "this backend counts nothing itself, so that traces are missing that came later than 15 minutes after their hour"
)

HISTORY_IS_FRESH_FOR = 60.0
"""Seconds in which what was before the window is not compared again: it hardly changes, and there may be much of it."""


class IndexedSource:
    """One backend's traces, counted on this host."""

    def __init__(self, path: Path, make_feed: Callable[[], Feed], patience: float) -> None:
        self._path = path
        self._make_feed = make_feed
        self._patience = patience
        self._index: TraceIndex | None = None

    def summary(self, question: Question) -> Summary:
        """Catch up, and count."""
        feed = self._make_feed()
        experiment = feed.open()
        self._opened().count_arrivals_in()
        try:
            missing = list(self._catch_up(feed, question))
        finally:
            feed.close()
        return Summary(question, feed.kind, experiment, self._counted(question), missing)

    def refreshed(self, summary: Summary) -> Summary:
        """With what this host has delivered since."""
        if not self._opened().count_arrivals_in():
            return summary
        return replace(summary, figures=self._counted(summary.question))

    def _counted(self, question: Question) -> Figures:
        with self._opened().reading() as db:
            return count(db, question)

    def _catch_up(self, feed: Feed, question: Question) -> Iterable[Missing]:
        """First the window, then the weeks before it, in which its users may have been."""
        deadline = time.monotonic() + self._patience
        start, end = question.start_ms, question.end_ms
        if not self._feeder.feed(start, end, self._patience):
            yield Missing("totals", f"{BEHIND}the window is still being read; ask again in a minute")
        yield from self._compared(feed, start, end)
        earliest = _hour_of(min(start - LOOK_BACK, question.before().start_ms)) - HOUR
        left = max(deadline - time.monotonic(), 0.0)
        if not self._feeder.feed(earliest, _hour_of(start), left, fresh_for=HISTORY_IS_FRESH_FOR):
            reason = f"{BEHIND}the weeks before the window are still being read; ask again in a minute"
            yield from (Missing(name, reason) for name in ("totals.new_users", "totals.returning_users", "previous"))

    def _compared(self, feed: Feed, start: int, end: int) -> Iterable[Missing]:
        """What the backend's own count says of the window."""
        counted, there = self._opened().count(start, end), feed.count(start, end)
        if there is None:
            yield Missing("totals", UNCOUNTED)
        elif there - counted > there * TOLERATED:
            yield Missing("totals", f"{BEHIND}{counted} of {there} traces of the window are read so far")

    @property
    def _feeder(self) -> Feeder:
        self._opened()
        return self._made_feeder

    def _opened(self) -> TraceIndex:
        if self._index is None:
            self._index = _opened_at(self._path)
            self._made_feeder = Feeder(self._index, self._make_feed)
        return self._index


def _hour_of(time_ms: int) -> int:
    """Its end: the windows of one minute share their history."""
    return -(-time_ms // HOUR) * HOUR


def _opened_at(path: Path) -> TraceIndex:
    """The index at `path`; of this process alone where the state folder cannot be used."""
    try:
        return TraceIndex(path)
    except (OSError, sqlite3.OperationalError) as error:
        folder = Path(tempfile.mkdtemp(prefix="otel-mlflow-ops-"))
        logger.warning("the dashboard's index is kept in %s: %s cannot be used: %s", folder, path, error)
        return TraceIndex(folder / path.name)
