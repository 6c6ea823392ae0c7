"""Laws that hold for questions put together from the vocabulary, and for any words at all."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from app.questions.reading import read
from tests.app.answering import Told, tell
from tests.app.oracle.figures import MONTHS, PRODUCTS, REGIONS, span_months
from tests.app.test_answers import check_claims

_MEASURES = {
    "revenue": "revenue",
    "sales": "revenue",
    "costs": "cost",
    "profit": "profit",
    "margin": "profit margin",
    "units": "units",
    "returns": "returned units",
    "return rate": "return rate",
    "price": "price per unit",
}
_SPLITS = ["", "by region", "by product", "per month", "by quarter", "by half", "by year", "by region and product"]
_SPLITS += [
    "by season",
    "by season and product",
    "by season and year",
    "by quarter and region",
    "by month and product",
    "by year for each product",
    "by quarter and year",
]
_TIMES = {
    "": MONTHS,
    "in 2024": span_months("2024"),
    "in Q4 2023": span_months("Q4 2023"),
    "in the second half of 2024": span_months("H2 2024"),
    "in November": ["2023-11", "2024-11"],
    "from March to June 2024": span_months("Mar 2024 to Jun 2024"),
    "since July 2024": span_months("H2 2024"),
    "except Nov 2024": [month for month in MONTHS if month != "2024-11"],
    "in Q1 and Q3 2024": span_months("Q1 2024") + span_months("Q3 2024"),
    "in 2023 and 2024": MONTHS,
    "last year": span_months("2024"),
    "in summer": span_months("summer"),
    "in summer and winter": span_months("summer") + span_months("winter"),
    "except autumn": [month for month in MONTHS if month not in span_months("autumn")],
}
_FILTERS: dict[str, tuple[set[str], set[str]]] = {
    "": (REGIONS, PRODUCTS),
    "in the North": ({"North"}, PRODUCTS),
    "for North and South": ({"North", "South"}, PRODUCTS),
    "for East, West and North": ({"East", "West", "North"}, PRODUCTS),
    "except Tea": (REGIONS, PRODUCTS - {"Tea"}),
    "without the West": (REGIONS - {"West"}, PRODUCTS),
    "for Espresso": (REGIONS, {"Espresso"}),
    "for Tea and Filter, but not in the South": (REGIONS - {"South"}, {"Tea", "Filter"}),
    "of Cold Brew in the East": ({"East"}, {"Cold Brew"}),
}
_OPERATORS = {
    "": "",
    "top 2": "top 2",
    "bottom 3": "bottom 3",
    "highest": "top 1",
    "growth": "growth",
    "average": "average",
    "outliers": "outliers",
    "average growth": "average growth",
    "running total": "running total",
    "above 10000": "above 10000",
    "below average": "below average",
}


@dataclass(frozen=True)
class Drawn:
    """A question, and what it is about."""

    measure: str
    split: str
    time: str
    members: str
    operator: str

    @property
    def words(self) -> str:
        """The question."""
        return " ".join(filter(None, [self.measure, self.split, self.time, self.members, self.operator]))


DRAWN = st.builds(
    Drawn,
    *(st.sampled_from(list(one)) for one in (_MEASURES, _SPLITS, _TIMES, _FILTERS, _OPERATORS)),
)


@settings(max_examples=100, derandomize=True)
@given(DRAWN)
def test_every_part_of_a_question_is_used_or_named(drawn: Drawn) -> None:
    """The measure, every filter, the time, each dimension and the operator; and all that is said is right."""
    told = tell(drawn.words)
    question = told.findings[0].question
    regions, products = _FILTERS[drawn.members]
    assert question.measure == _MEASURES[drawn.measure]
    assert (set(question.regions), set(question.products)) == (regions, products)
    # Averages of several times are told one by one.
    answers = told.findings[: len(read(drawn.words).queries)]
    months = {month for slide in answers for month in slide.question.months}
    assert months >= set(_TIMES[drawn.time])
    assert "growth" in drawn.operator or months == set(_TIMES[drawn.time])
    _check_split(drawn, told)
    operator = _OPERATORS[drawn.operator]
    assert operator in ("", *question.ops) or _is_named(told, drawn.operator)
    check_claims(told)


def _check_split(drawn: Drawn, told: Told) -> None:
    """Each dimension splits the figures, unless there is only one of it, or it is named as left out."""
    question = told.findings[0].question
    for dimension in ("region", "product", "season", "month", "quarter", "half", "year"):
        if dimension == "season" and len({(int(month[5:]) % 12) // 3 for month in question.months}) == 1:
            continue
        if dimension in drawn.split and dimension not in question.split:
            sizes = {"month": 1, "quarter": 3, "half": 6, "year": 12}
            size = sizes.get(dimension, 0)
            units = {(month[:4], (int(month[5:]) - 1) // size) for month in question.months} if size else set[object]()
            members = {"region": question.regions, "product": question.products}.get(dimension, frozenset())
            assert len(units) == 1 or len(members) == 1 or _is_named(told, dimension), (drawn, question)


def _is_named(told: Told, words: str) -> bool:
    """Whether the words are said to be left out, or not to apply."""
    said = f"{told.words.partition('I left out: ')[2]} {' '.join(told.words.split('. '))}"
    return (
        any(word.rstrip("s") in said.partition(".")[0] for word in words.split())
        or f"average {words}" in said
        or (words == "average" and "An average" in told.words)
    )


_OTHERS = (
    "beat|cheapest|weaker|more than West|outside|but|season|winter|customer|weather|not|by|why|share|"
    "of|compare|vs|and|or|slide 2|remove|add|only|instead|2019|Q7|every|each|2"
)
_WORDS = [*_MEASURES, *_SPLITS, *_TIMES, *_FILTERS, *_OPERATORS, *_OTHERS.split("|")]


@settings(max_examples=100, derandomize=True)
@given(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=7).map(" ".join))
def test_words_in_any_order_never_lead_to_a_wrong_claim(words: str) -> None:
    """Nonsense is refused, or answered with figures that are right for what the slide says it shows."""
    told = tell(words)
    assert told.words
    check_claims(told)


@settings(max_examples=40, derandomize=True)
@given(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=5).map(" ".join))
def test_any_follow_up_leaves_a_deck_that_is_right(words: str) -> None:
    """Whatever it is taken for."""
    deck = tell("revenue by region in 2024")
    told = tell(words, deck.document)
    assert told.words
    check_claims(told)


@settings(max_examples=100, derandomize=True)
@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    """Whatever is typed, in words."""
    assert tell(text).words
