"""The parts of `otel-mlflow report` that go over time: who used what when, what was thought, and who came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from otel_mlflow.commands import terminal
from otel_mlflow.ops.summary import Row

WIDTH = 32
LEVELS = "▁▂▃▄▅▆▇█"
NOTHING = "."
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LEAST_HOURS = 48
"""Less than two days have no hours of the week, as on the page."""


def show_over_time(found: dict[str, Any]) -> None:
    """Print a line of bars for each model, user and kind of feedback, and a table of who came back."""
    times = [row["time"] for row in found["series"]]
    for name, title in (("model", "Tokens by model over time"), ("user", "Tokens by user over time")):
        _courses(title, ("tokens", "cost"), _spent(found[f"{name}_series"], name, times))
    _courses("Feedback over time", ("given", "mean"), _judged(found["feedback_series"], times))
    _retention(found["retention"])
    _hours_of_the_week(found["hours"])


def _courses(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        terminal.table(title, ("", *headings, ""), rows)


def _spent(rows: Iterable[Row], by: str, times: Sequence[str]) -> list[list[str]]:
    return [
        [name, str(sum(row["total_tokens"] for row in some)), f"${sum(row['cost'] for row in some):.4f}", bars]
        for name, some, bars in _by_name(rows, by, "total_tokens", times)
    ]


def _judged(rows: Iterable[Row], times: Sequence[str]) -> list[list[str]]:
    told = []
    for name, some, bars in _by_name(rows, "name", "given", times):
        rated = [row for row in some if row["mean"] is not None]
        given = sum(row["given"] for row in rated)
        mean = f"{sum(row['mean'] * row['given'] for row in rated) / given:.2f}" if given else ""
        told.append([name, str(sum(row["given"] for row in some)), mean, bars])
    return told


def _by_name(rows: Iterable[Row], by: str, column: str, times: Sequence[str]) -> list[tuple[str, list[Row], str]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[by]].append(row)
    return [(name, some, _bars(some, column, times)) for name, some in found.items()]


def _bars(rows: Iterable[Row], column: str, times: Sequence[str]) -> str:
    width = min(WIDTH, len(times))
    places = {time: number * width // len(times) for number, time in enumerate(times)}
    sums = [0.0] * width
    for row in rows:
        sums[places[row["time"]]] += row[column]
    most = max(sums, default=0) or 1
    return "".join(_bar(value, most) for value in sums)


def _bar(value: float, most: float) -> str:
    return LEVELS[round(value / most * (len(LEVELS) - 1))] if value else NOTHING


def _retention(rows: Sequence[Row]) -> None:
    if rows:
        told = [[row["time"][:10], str(row["users"]), _returned(row)] for row in rows]
        terminal.table("New users, and how many of them came back", ("since", "users", "in each period after"), told)


def _returned(row: Row) -> str:
    return " ".join(str(users) for users in row["returned"])


def _hours_of_the_week(hours: Sequence[Row]) -> None:
    """Mean users of each hour: a bar for each hour of a day, and the hour in which there were most."""
    if len(hours) < LEAST_HOURS:
        return
    means = _means_by_hour(hours)
    most = max(means.values()) or 1
    rows = []
    for number, day in enumerate(DAYS):
        of_day = {hour: mean for (other, hour), mean in means.items() if other == number}
        if of_day:
            bars = "".join(_bar(of_day.get(hour, 0), most) for hour in range(24))
            busiest = max(of_day, key=lambda hour: of_day[hour])
            rows.append([day, bars, f"{of_day[busiest]:.1f} at {busiest:02}:00"])
    terminal.table("Users by hour of the week (UTC)", ("", "00    06    12    18", "most"), rows)


def _means_by_hour(hours: Iterable[Row]) -> dict[tuple[int, int], float]:
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in hours:
        when = datetime.fromisoformat(row["time"].replace("Z", "+00:00"))
        found[when.weekday(), when.hour].append(row["users"])
    return {hour: sum(users) / len(users) for hour, users in found.items()}
