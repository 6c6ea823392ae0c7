"""What is computed from rows, and the slides that say it."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from app.agent.charts import HIGHLIGHT, chart
from app.agent.document import Finding, write
from app.agent.findings import headline, outlier, remarks
from app.agent.series import Point, Series
from app.data.vocabulary import read
from app.decks.deck import parse


def series(dimension: str, column: str, **figures: float) -> Series:
    """A series with one point a keyword."""
    return Series(dimension, column, tuple(Point(label, value) for label, value in figures.items()))


REGIONS = series("region", "revenue_eur", North=600.0, South=300.0, West=100.0)
MONTHS = series("month", "revenue_eur", **{"Jan 2024": 100.0, "Feb 2024": 110.0, "Mar 2024": 120.0})


def test_csv_becomes_a_series_with_labels_as_people_write_them() -> None:
    """Months are named; figures are numbers."""
    assert Series.from_csv("month,revenue_eur\n2024-01,100\n2024-02,110\n2024-03,120\n") == MONTHS


def test_csv_without_rows_is_no_series() -> None:
    """A header alone, or nothing, holds no finding."""
    assert Series.from_csv("region,revenue_eur\n") is None
    assert Series.from_csv("") is None


@pytest.mark.parametrize(
    ("value", "column", "written"),
    [
        (1234.0, "units", "1,234"),
        (12_345.0, "revenue_eur", "€12.3k"),
        (2_500_000.0, "revenue_eur", "€2.5M"),
        (53.31, "profit_margin_percent", "53.3%"),
    ],
)
def test_figures_carry_their_unit(value: float, column: str, written: str) -> None:
    """The column's ending says the unit."""
    assert series("region", column, North=value).write(value) == written


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (REGIONS, "North leads with 60% of revenue"),
        (MONTHS, "Revenue rose 20% from Jan 2024 to Mar 2024"),
        (series("year", "cost_eur", **{"2023": 200.0, "2024": 150.0}), "Cost fell 25% from 2023 to 2024"),
        (series("year", "units", **{"2023": 200.0, "2024": 200.0}), "Units held steady from 2023 to 2024"),
        (
            series("product", "profit_margin_percent", Tea=48.0, Filter=52.0),
            "Filter has the highest profit margin: 52.0%",
        ),
        (series("region", "units", North=5.0), "North: units of 5"),
    ],
)
def test_the_title_states_the_finding(about: Series, said: str) -> None:
    """Share for parts, change for a course, the highest for ratios that do not add up."""
    assert headline(about) == said


def test_a_point_far_off_the_others_is_called_out() -> None:
    """One month that breaks the pattern is named in the title."""
    odd = series("quarter", "units", Q1=100.0, Q2=101.0, Q3=99.0, Q4=300.0, Q5=102.0)
    assert outlier(odd) == Point("Q4", 300.0)
    assert headline(odd).endswith("and Q4 stands out")


def test_ratios_have_no_total() -> None:
    """Percentages of parts are not added up."""
    assert not any("Total" in said for said in remarks(series("region", "return_rate_percent", North=1.0, South=2.0)))


def test_charts_are_svg_that_says_what_it_shows() -> None:
    """Bars for parts, a line for a course, with a name for those who cannot see it."""
    bars, line = ElementTree.fromstring(chart(REGIONS)), ElementTree.fromstring(chart(MONTHS))
    assert bars.get("aria-label") == "revenue by region, bar chart"
    assert len(bars.findall("rect")) == 3
    assert len(line.findall("polyline")) == 1


def test_the_longest_bar_is_the_largest_figure() -> None:
    """Heights follow the figures, and the largest is marked."""
    bars = ElementTree.fromstring(chart(REGIONS)).findall("rect")
    heights = [float(bar.get("height", "0")) for bar in bars]
    assert all(higher > lower for higher, lower in pairwise(heights))
    assert [bar.get("fill") == HIGHLIGHT for bar in bars] == [True, False, False]


@pytest.mark.parametrize(("most", "slides"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (50, 4)])
def test_a_deck_keeps_to_its_limit(most: int, slides: int) -> None:
    """Findings come first; summary and cover only where there is room."""
    findings = [Finding(read("revenue by region"), REGIONS), Finding(read("revenue by month"), MONTHS)]
    assert len(parse(write("How is revenue?", findings, most)).slides) == slides


def test_a_question_with_markup_in_it_stays_words() -> None:
    """What a person types cannot become HTML."""
    deck = parse(write("<script>alert(1)</script>", [Finding(read("revenue by region"), REGIONS)], 10))
    assert "<script" not in deck.slides[0].html
    assert deck.scripts == ""
