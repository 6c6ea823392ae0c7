"""Every figure of the dashboard is the one that the seed gives when it is counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.ops.question import question_of
from otel_mlflow.ops.sources.base import Wanted
from otel_mlflow.ops.sources.sqlite_store import SqliteStore
from otel_mlflow.ops.summary import LISTS
from tests.ops import expected, seed
from tests.ops.comparing import close, without
from tests.ops.conftest import EXPERIMENT, SEEDED

WINDOWS = ("15m", "1h", "24h", "28d")


def summary(store: Path, **asked: str) -> dict[str, Any]:
    """What the dashboard says of the seeded store."""
    source = SqliteStore(store, Wanted(EXPERIMENT))
    return source.summary(question_of(asked, seed.END)).to_dict(show_users=True)


def counted_by_hand(found: dict[str, Any], seeded: list[seed.Request]) -> dict[str, Any]:
    """The figures of the same window."""
    start, end = (seed.END - length for length in _bounds(found))
    return expected.figures(seeded, start, end, found["window"]["step_seconds"] * 1000)


def _bounds(found: dict[str, Any]) -> tuple[int, int]:
    ends = [expected.moment(found["window"][end]) for end in ("start", "end")]
    return seed.END - ends[0], seed.END - ends[1]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", ["totals", *LISTS])
def test_each_figure_of_a_window(store: Path, window: str, name: str) -> None:
    """Exactly; fractions to nine digits."""
    found = summary(store, window=window)
    figures = found[name] if name == "totals" else without(found[name], "url")
    assert figures == close(counted_by_hand(found, SEEDED)[name])


@pytest.mark.parametrize(
    "asked", [{"route": seed.ROUTES[0]}, {"user": "ada@example.com"}, {"session": "session-3"}], ids=str
)
def test_a_filter_holds_for_every_figure(store: Path, asked: dict[str, str]) -> None:
    """As if there were no other requests; only who is new is looked up among all."""
    found = summary(store, window="24h", **asked)
    chosen = [request for request in SEEDED if all(getattr(request, key) == value for key, value in asked.items())]
    wanted = counted_by_hand(found, chosen)
    people = ("returning_users", "new_users")
    assert {name: without(found[name], "url") for name in LISTS} == close({name: wanted[name] for name in LISTS})
    assert without([found["totals"]], people[0])[0]["requests"] == wanted["totals"]["requests"] > 0


def test_users_are_numbered_unless_their_names_are_asked_for(store: Path) -> None:
    """The same number for the same person, wherever they are."""
    source = SqliteStore(store, Wanted(EXPERIMENT))
    found = source.summary(question_of({"window": "24h"}, seed.END))
    named, numbered = found.to_dict(show_users=True), found.to_dict(show_users=False)
    assert "@" not in str(numbered)
    pairs = {
        (a["user"], b["user"])
        for name in LISTS
        for a, b in zip(named[name], numbered[name], strict=True)
        if "user" in a
    }
    assert len(pairs) == len({name for name, _ in pairs}) == len({number for _, number in pairs}) > 2
