"""Columns, blocks and what is counted in them: beside plain Python and numpy's own functions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_mlflow.ops.figures.people import SessionUsers
from otel_mlflow.ops.figures.percentiles import BucketPercentiles, Percentiles, durations_in
from otel_mlflow.ops.figures.sums import add_up, distinct
from otel_mlflow.ops.index.block import Block, block_from_entries
from otel_mlflow.ops.index.columns import decode, encode, texts
from otel_mlflow.ops.index.entry import OK, TraceEntry, assessment
from otel_mlflow.ops.index.schema import prepare
from otel_mlflow.ops.index.words import Words
from otel_mlflow.spans.records.duration_buckets import UNKNOWN, bucket_of
from otel_mlflow.spans.records.trace_summary import ModelUse, TraceSummary

KEYED = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 10_000)), max_size=60)


@pytest.fixture
def words() -> Iterator[Words]:
    """Of an index that is empty."""
    with closing(sqlite3.connect(":memory:")) as db:
        prepare(db)
        yield Words(db)


@given(st.lists(st.integers(-(2**62), 2**62)))
def test_whole_numbers_are_read_as_they_were_written(values: list[int]) -> None:
    """However large: a narrow type is chosen for those that are not."""
    assert decode(*encode(np.array(values, np.int64))).tolist() == values


@given(st.lists(st.floats()))
def test_fractions_are_read_as_they_were_written(values: list[float]) -> None:
    """What is not known among them."""
    np.testing.assert_array_equal(decode(*encode(np.array(values))), values)


@given(st.lists(st.one_of(st.none(), st.text())))
def test_texts_are_read_as_they_were_written(values: list[str | None]) -> None:
    """Of any characters."""
    assert decode(*encode(texts(values))).tolist() == values


def test_one_value_for_all_takes_the_place_of_one() -> None:
    """Most columns of a small application are the same in every row."""
    _, length, data = encode(np.full(5000, 7))
    assert (length, len(data)) == (5000, 1)


@given(KEYED)
def test_percentiles_are_those_of_numpy(keyed: list[tuple[int, int]]) -> None:
    """By key; -1 is no value."""
    percentiles = Percentiles(("p50", "p95"), (0.5, 0.95))
    for part in (keyed[::2], keyed[1::2]):
        percentiles.add(np.array([key for key, _ in part], np.int64), np.array([value for _, value in part], np.int64))
    found = percentiles.rows()
    for key in range(5):
        values = [value for other, value in keyed if other == key and value >= 0]
        if values:
            wanted = {"p50": np.percentile(values, 50), "p95": np.percentile(values, 95)}
            assert found[key] == pytest.approx(wanted)
        else:
            assert key not in found


@given(st.integers(0, 1 << 32))
def test_the_bucket_of_a_duration_stands_for_it_to_less_than_a_hundredth(duration: int) -> None:
    """Whole ms as they are up to 128; a longer one is in no earlier bucket."""
    bucket = bucket_of(duration)
    (found,) = durations_in(np.array([bucket])).tolist()
    assert found == duration if duration < 128 else abs(found - duration) / duration < 0.008
    assert bucket <= bucket_of(duration + 1) <= bucket + 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 100), st.integers(1, 5)), max_size=40))
def test_percentiles_of_buckets_are_those_of_their_durations(counted: list[tuple[int, int, int]]) -> None:
    """Each as often as there are calls in it; what nobody knows is left out."""
    percentiles = BucketPercentiles(("p50", "p95"), (0.5, 0.95))
    for part in (counted[::2], counted[1::2], [(2, UNKNOWN, 7)]):
        percentiles.add(*(np.array([row[column] for row in part], np.int64) for column in range(3)))
    found = percentiles.rows()
    for key in range(4):
        values = [duration for other, duration, calls in counted if other == key for _ in range(calls)]
        wanted = {"p50": np.percentile(values, 50), "p95": np.percentile(values, 95)} if values else None
        assert found.get(key) == (pytest.approx(wanted) if wanted else None)


@given(KEYED, st.sampled_from([5, 5000]))
def test_sums_are_the_same_for_few_and_for_many_keys(keyed: list[tuple[int, int]], size: int) -> None:
    """Which are added up in another way."""
    sums = np.zeros(size)
    add_up(sums, np.array([key for key, _ in keyed], np.int64), np.array([value for _, value in keyed]))
    assert sums[:5].tolist() == [sum(value for other, value in keyed if other == key) for key in range(5)]


@given(st.lists(st.integers(0, 5)))
def test_distinct_values_are_there_once(values: list[int]) -> None:
    """In order."""
    assert distinct(np.array(values, np.int64)).tolist() == sorted(set(values))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40))
def test_the_users_of_a_session_are_known_whoever_came_first(pairs: list[tuple[int, int]]) -> None:
    """0 is no session, and no user."""
    found = SessionUsers(5, 5)
    for part in (pairs[::2], pairs[1::2]):
        found.add(np.array([s for s, _ in part], np.int64), np.array([u for _, u in part], np.int64))
    known = {(session, user) for session, user in pairs if session and user}
    assert found.users_by_session([1, 2, 3, 4]) == {s: {u for other, u in known if other == s} for s in range(1, 5)}
    assert found.sessions_by_user().tolist() == [sum(user == u for _, user in known) for u in range(5)]


def entry(number: int) -> TraceEntry:
    """A trace that called a model and was judged."""
    made = TraceEntry(f"tr-{number}", "1", number, 5, "GET /", OK, is_unfinished=False)
    summary = TraceSummary(1, models={f"model {number}": ModelUse(calls=1)})
    return replace(made, summary=summary, assessments=(assessment("stars", number),))


def test_what_belongs_to_a_trace_goes_and_stays_with_it(words: Words) -> None:
    """In one block as in two that are joined, of which some traces are gone."""
    block = block_from_entries(0, [entry(number) for number in range(4)], words)
    kept = block.without(np.array([True, False, True, False]))
    assert calls(kept, words) == {"tr-1": "model 1", "tr-3": "model 3"}
    more = kept.and_then(block_from_entries(0, [entry(9)], words))
    assert calls(more, words) == {"tr-1": "model 1", "tr-3": "model 3", "tr-9": "model 9"}
    assert more.relations["assessment"]["number"].tolist() == [1.0, 3.0, 9.0]


def calls(block: Block, words: Words) -> dict[str, str]:
    """Which model each trace called."""
    used = block.relations["model"]
    models = words.texts("model", used["model"].tolist())
    ids = block.relations["trace"]["trace_id"]
    return {ids[row]: models[model] for row, model in zip(used["row"].tolist(), used["model"].tolist(), strict=True)}


def test_a_text_has_one_number_of_its_kind(words: Words) -> None:
    """However often it is learned; what was never learned has none."""
    words.learn("user", ["ada", None, "bob", "ada"])
    words.learn("route", ["ada"])
    assert (words.learned("user", "ada") > 0, words.learned("user", None)) == (True, 0)
    assert words.texts("user", [words.learned("user", "bob")]) == {words.learned("user", "bob"): "bob"}
    assert (words.number("route", "bob"), words.size("user"), words.size("model")) == (0, 3, 1)
