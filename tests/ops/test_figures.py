"""Every figure of the dashboard is the one that the seed gives when it is counted by hand."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.ops.pseudonyms import pseudonyms_in
from otel_mlflow.ops.question import question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.summary import LISTS, Disclosure
from tests.ops import expected, seed
from tests.ops.comparing import close, without
from tests.ops.conftest import SEEDED
from tests.ops.dashboards import settings_of
from tests.ops.variety import Request

WINDOWS = ("15m", "1h", "24h", "28d")


@functools.cache
def summary(store: Path, **asked: str) -> dict[str, Any]:
    """What the dashboard says of the seeded store."""
    source = source_for(settings_of(store, store.parent))
    return source.summary(question_of(asked, seed.END)).to_dict(Disclosure())


def counted_by_hand(found: dict[str, Any], seeded: list[Request]) -> dict[str, Any]:
    """The figures of the same window."""
    start, end = (seed.END - length for length in _bounds(found))
    return expected.figures(seeded, start, end, found["window"]["step_seconds"] * 1000)


def _bounds(found: dict[str, Any]) -> tuple[int, int]:
    ends = [expected.moment(found["window"][end]) for end in ("start", "end")]
    return seed.END - ends[0], seed.END - ends[1]


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", ["totals", "previous", *LISTS])
def test_each_figure_of_a_window(store: Path, window: str, name: str) -> None:
    """Exactly; fractions to nine digits."""
    found = summary(store, window=window)
    figures = found[name] if isinstance(found[name], dict) else without(found[name], "url")
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


def test_users_have_pseudonyms_unless_their_names_are_asked_for(store: Path, tmp_path: Path) -> None:
    """The same for the same person, in every list and every window."""
    source = source_for(settings_of(store, tmp_path))
    pairs = set()
    for window in ("24h", "7d"):
        found = source.summary(question_of({"window": window}, seed.END))
        named, hidden = found.to_dict(Disclosure()), found.to_dict(Disclosure(pseudonyms_in(tmp_path)))
        assert "@" not in str(hidden)
        for name in LISTS:
            pairs |= {(a["user"], b["user"]) for a, b in zip(named[name], hidden[name], strict=True) if "user" in a}
    assert len(pairs) == len({name for name, _ in pairs}) == len({pseudonym for _, pseudonym in pairs}) > 2
