"""What is asked of the traces: a window in time, and whose requests."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

DEFAULT_WINDOW = "1h"
LONGEST = 92 * DAY
MOST_STEPS = 100
"""Points of a chart: as many as a phone has room for, and few enough for a backend to group by."""

WEEK = 7 * DAY
MONDAY = 4 * DAY
"""The first of them."""

STEPS = (10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 8 * HOUR, DAY)
FILTERS = ("route", "user", "session", "service", "version", "slower_than")
TIMES = ("window", "from", "to")
YEARS = range(1970, 9999)
"""Those in which moments, and the windows before and after them, can be written down."""

_OFFSET = re.compile(r"(?<=:\d\d) (?=\d\d:\d\d$)")
"""What becomes of the plus of `+02:00` in a query string where nobody has escaped it."""

UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}


class QuestionError(ValueError):
    """What was asked for cannot be answered; the message says what was expected."""


@dataclass(frozen=True)
class Question:
    """Which requests are meant. Times in ms since the epoch; `end_ms` is the first that is not included.

    `route` is the trace's name, `POST /api/chat`; `slower_than` is in seconds. Equal questions have equal answers for
    some seconds: `end_ms` of a window that ends now is a round time that lies a little ahead.
    """

    start_ms: int
    end_ms: int
    window: str = ""
    route: str | None = None
    user: str | None = None
    session: str | None = None
    service: str | None = None
    version: str | None = None
    slower_than: float | None = None

    def before(self) -> Question:
        """The same of the window before this one."""
        return replace(self, start_ms=2 * self.start_ms - self.end_ms, end_ms=self.start_ms)

    @property
    def step_ms(self) -> int:
        """How far apart the points of a chart are."""
        length = self.end_ms - self.start_ms
        return next((step for step in STEPS if length <= step * MOST_STEPS), STEPS[-1])

    @property
    def period_ms(self) -> int:
        """What is asked who comes back after it: a day, in longer windows a week."""
        return DAY if self.end_ms - self.start_ms <= 2 * WEEK else WEEK

    @property
    def periods(self) -> range:
        """When the days or weeks of the window begin: none in less than two days, but `start` is known then, too."""
        first = self.start_ms - (self.start_ms - MONDAY) % self.period_ms
        return range(first, self.end_ms if self.end_ms - self.start_ms >= 2 * DAY else first, self.period_ms)


def question_of(parameters: Mapping[str, str], now_ms: int) -> Question:
    """Read a query string: `window=24h`, or `from` and `to` (ISO 8601), and filters.

    Raises `QuestionError`.
    """
    _require_known(parameters)
    filters: dict[str, Any] = {name: parameters.get(name) or None for name in FILTERS}
    filters["slower_than"] = _seconds(filters["slower_than"])
    if "from" in parameters or "to" in parameters:
        start, end = _moment(parameters, "from", now_ms), _moment(parameters, "to", now_ms)
        return Question(start, _checked(start, end), "", **filters)
    name = parameters.get("window") or DEFAULT_WINDOW
    length = _length(name)
    end = _rounded_up(now_ms, length)
    return Question(end - length, end, name, **filters)


def _require_known(parameters: Mapping[str, str]) -> None:
    """A filter that is mistyped would give the figures of all requests for those of a few."""
    if unknown := sorted(set(parameters) - {*TIMES, *FILTERS}):
        raise QuestionError(f"{', '.join(unknown)} is not known; expected {', '.join((*TIMES, *FILTERS))}")


def _seconds(text: str | None) -> float | None:
    try:
        seconds = None if text is None else float(text)
    except ValueError:
        seconds = math.nan
    if seconds is None or 0 <= seconds < math.inf:
        return seconds
    raise QuestionError(f"slower_than is {text!r}; expected seconds, such as 2.5")


def _length(window: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", window)
    length = int(found[1]) * UNITS[found[2]] if found else 0
    if not 0 < length <= LONGEST:
        raise QuestionError(
            f"window is {window!r}; expected a number and m, h or d, such as 15m, 24h or 28d, up to 92d"
        )
    return length


def _rounded_up(now_ms: int, length: int) -> int:
    """For longer windows, rounder times: who looks at a month can wait a minute for what is new."""
    grain = min(max(length // 1000, 5 * SECOND), MINUTE) // SECOND * SECOND
    return -(-now_ms // grain) * grain


def _moment(parameters: Mapping[str, str], name: str, now_ms: int) -> int:
    said = parameters.get(name)
    if not said:
        if name == "to":
            return _rounded_up(now_ms, HOUR)
        raise QuestionError("from is missing; expected the beginning of the range, such as 2026-01-31T08:00Z")
    moment = _read(said)
    if moment is None or moment.year not in YEARS:
        raise QuestionError(f"{name} is {said!r}; expected a moment such as 2026-01-31T08:00Z")
    return round((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1000)


def _read(said: str) -> datetime | None:
    try:
        return datetime.fromisoformat(_OFFSET.sub("+", re.sub("[Zz]$", "+00:00", said)))
    except ValueError:
        return None


def _checked(start: int, end: int) -> int:
    if not 0 < end - start <= LONGEST:
        raise QuestionError("from and to are not a range; expected from before to, and at most 92 days between them")
    return end
