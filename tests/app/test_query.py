"""Queries as values, and as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.questions.measures import MEASURES
from app.questions.months import ALL, months_between, months_of
from app.questions.query import MEMBERS, Dimension, Members, Query, Ranking, Threshold
from app.questions.reading import read

_SPLITS: list[tuple[Dimension, ...]] = [
    (),
    ("region",),
    ("product",),
    ("month",),
    ("quarter",),
    ("half",),
    ("year",),
    ("region", "product"),
    ("month", "region"),
    ("quarter", "year"),
]
_MONTHS = st.sampled_from(
    [
        (),
        months_of("year", 1, 2024),
        months_of("year", 1, 2019),
        months_of("half", 2, 2023),
        months_between("2023-11", "2024-06"),
    ]
)


def _members(dimension: Dimension) -> st.SearchStrategy[Members]:
    names = st.lists(st.sampled_from(MEMBERS[dimension]), max_size=2, unique=True).map(tuple)
    return st.builds(Members, names, st.just(False)) | st.builds(
        lambda one: Members((one,), True), st.sampled_from(MEMBERS[dimension])
    )


def _grown(limit: Threshold) -> Query:
    return Query(split=("year", "region"), focus="growth", threshold=limit)


QUERIES = st.builds(
    Query, st.sampled_from(sorted(MEASURES)), st.sampled_from(_SPLITS), _MONTHS, _members("region"), _members("product")
)


@given(QUERIES)
def test_the_words_of_what_was_read_read_back_as_the_same(query: Query) -> None:
    """What the model asks is what the data source understands, and what a slide holds can be asked again."""
    for once in read(query.in_words()).queries:
        assert read(once.in_words()).queries == (once,)
        assert read(once.for_rows().in_words()).queries == (once.for_rows(),)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(), "revenue"),
        (Query("units", ("region",)), "units by region"),
        (Query("cost", ("month", "product"), ALL[:3]), "cost by month and product in Q1 2023"),
        (Query(regions=Members(("North", "South"))), "revenue for North and South together"),
        (Query(split=("region",), regions=Members(("North", "South"))), "revenue by region for North and South"),
        (Query(regions=Members(("North",)), products=Members(("Tea",))), "revenue for Tea in North"),
        (Query(products=Members(("Tea",), excluded=True)), "revenue except Tea"),
        (Query(split=("product",), ranking=Ranking(2, lowest=True)), "revenue by product, bottom 2"),
        (Query(split=("month",), threshold=Threshold("above", 30000)), "revenue by month, above 30000"),
        (Query(split=("year", "region"), focus="growth"), "revenue by year and region, growth"),
        (_grown(Threshold("above", 0.0)), "revenue by year and region, growth, above 0%"),
        (_grown(Threshold("between", 5.0, 10.0)), "revenue by year and region, growth, between 5% and 10%"),
        (_grown(Threshold("below", -2.5)), "revenue by year and region, decline, above 2.5%"),
        (_grown(Threshold("at most", 0.0)), "revenue by year and region, decline, at least 0%"),
        (_grown(Threshold("between", -5.0, 0.0)), "revenue by year and region, decline, between 0% and 5%"),
    ],
)
def test_a_query_in_words(query: Query, words: str) -> None:
    """All that it asks for is said, and nothing else."""
    assert query.in_words() == words
    assert read(words).queries == (query,)


@pytest.mark.parametrize(
    "broken", ["revenue\nby region in 2024", "revenue by\r\nregion\n in 2024", "revenue by region\nin 2024"]
)
def test_a_line_that_was_broken_within_a_sentence_ends_none(broken: str) -> None:
    """As mail programs and editors break them."""
    assert read(broken) == read("revenue by region in 2024")


@pytest.mark.parametrize("mark", ["", "- ", "* ", "• ", "{}. ", "{}) "])
def test_each_line_that_is_a_question_is_one(mark: str) -> None:
    """As in a list, whatever marks its lines."""
    listed = f"{mark.format(1)}revenue by region\n{mark.format(2)}cost by product"
    assert read(listed) == read("revenue by region. cost by product")


@pytest.mark.parametrize("short", ["North vs. South by month", "revenue by region excl. North"])
def test_a_point_behind_a_short_form_ends_no_question(short: str) -> None:
    """`vs.` is one word."""
    assert read(short) == read(short.replace(".", ""))


def test_the_data_are_asked_for_the_whole_of_a_share() -> None:
    """Tea's share needs all products."""
    query = read("share of Tea in revenue in 2024").queries[0]
    assert query.in_words() == "revenue by product in 2024 for Tea, share"
    assert query.for_rows().in_words() == "revenue by product in 2024"
