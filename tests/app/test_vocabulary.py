"""How questions about the sales data are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.data.vocabulary import DIMENSIONS, MEASURES, PRODUCTS, REGIONS, Reading, read

FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "region": st.sampled_from(REGIONS),
        "product": st.sampled_from(PRODUCTS),
        "quarter": st.sampled_from(["Q1", "Q2", "Q3", "Q4"]),
        "year": st.sampled_from(["2019", "2023", "2024"]),
    },
)
READINGS = st.builds(Reading, st.sampled_from(sorted(MEASURES)), st.sampled_from(DIMENSIONS), FILTERS)


@given(READINGS)
def test_a_reading_in_words_reads_back_as_itself(reading: Reading) -> None:
    """What the model asks is what the data source understands."""
    assert read(reading.in_words()) == reading


@pytest.mark.parametrize(
    ("question", "reading"),
    [
        (
            "How did revenue develop by region in 2024?",
            Reading("revenue", "region", {"year": "2024"}),
        ),
        ("Show me the sales trend for Cold Brew", Reading("revenue", "month", {"product": "Cold Brew"})),
        ("profit margin per quarter in the west", Reading("profit margin", "quarter", {"region": "West"})),
        ("Which products are returned most: returns?", Reading("returned units", "product", {})),
        ("units in Q4 2023", Reading("units", None, {"quarter": "Q4", "year": "2023"})),
        ("headcount by region", Reading("headcount", "region", {})),
    ],
)
def test_a_question_is_read(question: str, reading: Reading) -> None:
    """Measures, dimensions and filters are found in plain English, unknown measures too."""
    assert read(question) == reading


def test_a_question_about_something_else_is_not_understood() -> None:
    """Nothing is read into a sentence that is not about the data."""
    assert not read("What will the weather be tomorrow?").understood
