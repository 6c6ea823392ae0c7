"""What is computed from rows, and the slides that say it."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agent.charts import HIGHLIGHT, ChartKind, chart
from app.agent.document import write
from app.agent.finding import Finding
from app.agent.table import Table
from app.agent.units import write as write_figure
from app.agent.units import write_tick
from app.decks.deck import parse
from app.questions.query import Query
from app.questions.reading import read

REGIONS = "region,revenue_eur\nNorth,600\nSouth,300\nWest,100\n"
MONTHS = "month,revenue_eur\n2024-01,100\n2024-02,110\n2024-03,120\n"


def found(question: str, rows: str) -> Finding:
    """The finding of a question that the data answered with these rows."""
    table = Table.from_csv(rows)
    assert table
    return Finding(read(question).queries[0], table)


def drawn(rows: str, kind: ChartKind | None = None) -> ElementTree.Element:
    """The chart of these rows."""
    return ElementTree.fromstring(chart(found("revenue", rows).insight.view, kind))


def test_rows_have_labels_as_people_write_them() -> None:
    """Months and quarters are named; figures are numbers."""
    table = Table.from_csv("quarter,revenue_eur\n2024 Q1,100\n2024 Q2,110.5\n")
    assert table
    assert [(point.label, point.value) for point in table.points] == [("Q1 2024", 100.0), ("Q2 2024", 110.5)]


@pytest.mark.parametrize(
    "rows",
    [
        "region,revenue_eur\n",
        "",
        "region,revenue_eur\nNorth,about 200k\n",
        "region,revenue_eur\nNorth,nan\n",
        "region,revenue_eur\nNorth,1e300\n",
        "region,revenue_eur\nNorth\n",
        "a,b,c,d\n1,2,3,4\n",
        "revenue_eur\n1\n2\n",
    ],
)
def test_what_is_no_table_of_figures_is_none(rows: str) -> None:
    """A header alone, words for figures, too many columns: nothing can be told of them."""
    assert Table.from_csv(rows) is None


@pytest.mark.parametrize(
    ("value", "column", "written"),
    [
        (1234.0, "units", "1,234"),
        (12_345.4, "revenue_eur", "€12,345"),
        (-12.0, "profit_eur", "−€12"),  # noqa: RUF001
        (53.31, "profit_margin_percent", "53.3%"),
        (7.5, "price_per_unit_eur", "€7.50"),
    ],
)
def test_figures_carry_their_unit(value: float, column: str, written: str) -> None:
    """The column's ending says the unit."""
    table = Table.from_csv(f"region,{column}\nNorth,{value}\n")
    assert table
    assert write_figure(value, table.unit) == written


@pytest.mark.parametrize(
    ("question", "rows", "title"),
    [
        ("revenue by region", REGIONS, "North leads with 60% of revenue"),
        ("revenue by region", "region,revenue_eur\nA,2\nB,2\nC,1\n", "A and B lead with 40% of revenue each"),
        (
            "margin by region",
            "region,profit_margin_percent\nA,9\nB,9\nC,9\n",
            "All 3 regions have the same profit margin: 9.0%",
        ),
        (
            "margin by product",
            "product,profit_margin_percent\nTea,48\nFilter,52\n",
            "Filter has a higher profit margin than Tea: 52.0% against 48.0%, 4.0 points more",
        ),
        (
            "margin by region",
            "region,profit_margin_percent\nA,48.02\nB,48.04\nC,40\n",
            "B has the highest profit margin: 48.04%",
        ),
        ("revenue by month from Jan 2024 to Mar 2024", MONTHS, "Revenue rose 20.0% from Jan 2024 to Mar 2024"),
        ("cost by year", "year,cost_eur\n2023,200\n2024,150\n", "Cost fell 25.0% from 2023 to 2024"),
        ("units by year", "year,units\n2023,200\n2024,200\n", "Units stayed at 200 from 2023 to 2024"),
        (
            "margin by year",
            "year,profit_margin_percent\n2023,50\n2024,52\n",
            "Profit margin rose 2.0 points from 2023 to 2024",
        ),
        ("units in 2024 for North", "units\n5\n", "Units were 5 in 2024 for North"),
        (
            "revenue by month and region from Jan 2024 to Feb 2024",
            "month,region,revenue_eur\n2024-01,A,10\n2024-01,B,10\n2024-01,C,10\n2024-02,A,20\n2024-02,B,5\n2024-02,C,10\n",
            "Revenue from Jan 2024 to Feb 2024: A grew the most (+100.0%), B fell the most (−50.0%)",  # noqa: RUF001
        ),
        (
            "revenue by region and product",
            "region,product,revenue_eur\nA,Tea,1\nA,Filter,2\n",
            "Filter in A has the highest revenue: €2",
        ),
        (
            "top 2 regions by units",
            "region,units\nA,5\nB,3\nC,3\nD,1\n",
            "Top 2 regions by units with a tie: A (5), B (3) and C (3)",
        ),
    ],
)
def test_the_title_states_the_finding(question: str, rows: str, title: str) -> None:
    """Shares for parts, a change for a course, points for percentages, ties where there are ties."""
    assert found(question, rows).title == title


@pytest.mark.parametrize(
    ("value", "largest", "written"),
    [(5000, 20000, "€5k"), (2.5e6, 1e7, "€2.5M"), (0, 20000, "€0"), (500, 2000, "€500")],
)
def test_the_figures_beside_an_axis_are_written_alike(value: float, largest: float, written: str) -> None:
    """`€5k` where the largest is `€20k`."""
    assert write_tick(value, "eur", largest) == written


def test_a_point_far_off_the_others_is_called_out() -> None:
    """One month that breaks the pattern is named in the title."""
    odd = "quarter,units\n2023 Q1,100\n2023 Q2,101\n2023 Q3,99\n2023 Q4,300\n2024 Q1,102\n"
    assert found("units by quarter", odd).insight.aside == ", and Q4 2023 stands out"


def test_ratios_have_no_total() -> None:
    """Percentages of parts are not added up."""
    told = found("return rate by region", "region,return_rate_percent\nA,1\nB,2\n").insight
    assert not any("Total" in said for said in told.remarks)


def test_charts_are_svg_that_says_what_it_shows() -> None:
    """Bars for parts, a line for a course, with a name for those who cannot see it and one for each mark."""
    bars, line = drawn(REGIONS), drawn(MONTHS)
    assert bars.get("aria-label") == "revenue by region, bar chart"
    assert [bar.findtext("title") for bar in bars.findall("rect")] == ["North: €600", "South: €300", "West: €100"]
    assert len(line.findall("polyline")) == 1


def test_courses_of_several_have_a_legend() -> None:
    """A line each, told apart by colour and name."""
    rows = "month,region,revenue_eur\n2024-01,A,1\n2024-01,B,2\n2024-02,A,3\n2024-02,B,4\n"
    svg = drawn(rows)
    assert len({line.get("stroke") for line in svg.findall("polyline")}) == 2
    assert {"A", "B"} <= {text.text for text in svg.findall("text")}


def test_the_longest_bar_is_the_largest_figure() -> None:
    """Heights follow the figures, and the largest is marked."""
    bars = drawn(REGIONS).findall("rect")
    heights = [float(bar.get("height", "0")) for bar in bars]
    assert all(higher > lower for higher, lower in pairwise(heights))
    assert [bar.get("fill") == HIGHLIGHT for bar in bars] == [True, False, False]


@pytest.mark.parametrize(("most", "slides"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (50, 4)])
def test_a_deck_keeps_to_its_limit(most: int, slides: int) -> None:
    """Findings come first; summary and cover only where there is room."""
    findings = [found("revenue by region", REGIONS), found("revenue by month", MONTHS)]
    assert len(parse(write("How is revenue?", findings, most)).slides) == slides


@pytest.mark.parametrize(("months", "is_long"), [(3, False), (24, True)])
def test_a_long_title_is_smaller(months: int, is_long: bool) -> None:
    """Names of many months leave the chart its room."""
    falls = [f"{2023 + month // 12}-{month % 12 + 1:02d},{100 + month % 2}" for month in range(months)]
    finding = found("in which months did units fall?", "\n".join(["month,units", *falls]))
    assert ('<h2 class="long">' in write("?", [finding], 1)) == is_long


def test_a_question_with_markup_in_it_stays_words() -> None:
    """What a person types cannot become HTML."""
    deck = parse(write("<script>alert(1)</script>", [found("revenue by region", REGIONS)], 10, notes=["<b>left</b>"]))
    assert "<script" not in deck.slides[0].html
    assert "<b>" not in deck.slides[0].html
    assert deck.scripts == ""


@given(st.lists(st.tuples(st.text("AB ,\n", max_size=3), st.floats(allow_nan=False)), min_size=1, max_size=30))
def test_whatever_rows_come_are_told_of_or_are_none(rows: list[tuple[str, float]]) -> None:
    """A Genie space may answer anything."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("city", "revenue_eur"), *rows])
    if table := Table.from_csv(out.getvalue()):
        finding = Finding(Query(), table)
        assert finding.title
        assert ElementTree.fromstring(chart(finding.insight.view)).get("role") == "img"
