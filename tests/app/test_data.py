"""The bundled data and the tool over it."""

from __future__ import annotations

import json
import sqlite3

import pytest
from hypothesis import given

from app.data import sales
from app.data.conversation import Conversation
from app.data.generate import SALES_CSV, sales_csv
from app.data.genie import TOOL_NAME, EmbeddedSpace, GenieError, genie_tool
from app.data.sql import statement
from app.questions.query import Dimension, Query
from tests.app.test_query import QUERIES

_PARTS: tuple[Dimension, ...] = ("region", "year")


def test_the_bundled_file_is_what_its_generator_writes() -> None:
    """The made-up figures can be made again."""
    assert SALES_CSV.read_text(encoding="utf-8") == sales_csv()


@given(QUERIES)
def test_every_query_becomes_sql_that_runs(query: Query) -> None:
    """No combination of known words makes a statement that SQLite refuses."""
    select = statement(query)
    assert sales.run(select.sql, select.parameters).columns[:-1] == query.split


def test_the_parts_add_up_to_the_whole() -> None:
    """Revenue by region and revenue by year are the same money."""
    by_region, by_year = (sales.run(statement(Query("revenue", (part,))).sql).rows for part in _PARTS)
    assert sum(float(str(row[1])) for row in by_region) == pytest.approx(sum(float(str(row[1])) for row in by_year))


def test_a_question_cannot_change_the_data() -> None:
    """The table is read-only."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        sales.run("DELETE FROM sales")


def test_an_answer_has_a_message_and_rows() -> None:
    """The contract of a Genie space: a sentence, and the rows as CSV with a header."""
    answer = EmbeddedSpace().ask("revenue by region in 2024", Conversation())
    assert answer.message.startswith("4 rows")
    assert answer.rows.splitlines()[0] == "region,revenue_eur"
    assert len(answer.rows.splitlines()) == 5


def test_no_rows_is_an_answer() -> None:
    """A year without data gives a message and no rows."""
    answer = EmbeddedSpace().ask("revenue by region in 2019", Conversation())
    assert answer.rows == ""
    assert answer.message.startswith("No data match")


def test_a_question_about_nothing_in_the_data_is_answered_in_words() -> None:
    """A text-only answer says what could be asked."""
    answer = EmbeddedSpace().ask("What will the weather be?", Conversation())
    assert answer.rows == ""
    assert "revenue" in answer.message


def test_an_unknown_measure_is_refused_by_name() -> None:
    """The error names the question and the column that is not there."""
    for name in ("headcount", "rowid", "oid"):
        with pytest.raises(GenieError, match=rf"'{name} by region': no such column: {name}"):
            EmbeddedSpace().ask(f"{name} by region", Conversation())


def test_an_answer_says_what_its_rows_leave_out() -> None:
    """Whoever asked learns of it, also a language model."""
    message = EmbeddedSpace().ask("revenue and cost of Siberia by region in 2024", Conversation()).message
    assert "I left out: Siberia." in message
    assert "Ask for this apart: cost by region in 2024." in message


def test_the_tool_answers_json() -> None:
    """The model gets message and rows in one JSON object, from a tool that bears Genie's name."""
    tool = genie_tool(EmbeddedSpace())
    assert tool.name == TOOL_NAME
    assert set(json.loads(tool.invoke({"query": "units by product"}))) == {"message", "rows"}
