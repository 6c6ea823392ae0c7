"""Questions to the bundled figures: a sentence goes in, becomes real SQL, and a message and rows come out."""

from __future__ import annotations

from app.data import sales
from app.data.sql import statement
from app.questions.months import ALL, name_of
from app.questions.reading import HELP, Reading, read


def answer_question(question: str) -> tuple[str, str]:
    """Answer with a message and rows as CSV; without rows in words alone. Raises `UnknownMeasureError`.

    Rows answer one query. What was read from the question beyond it is in the message.
    """
    reading = read(question)
    if not reading.queries:
        return f"This data holds the sales of a coffee roastery. {reading.refusal} {HELP}", ""
    query = reading.queries[0].for_rows()
    select = statement(query)
    rows = sales.run(select.sql, select.parameters)
    found = f"{len(rows.rows)} rows" if rows.rows else "No data match"
    span = [] if rows.rows else [f"The data run from {name_of(ALL)}."]
    message = " ".join([f"{found}: {query.in_words()}.", *span, *_beyond(reading), f"Statement: {select.sql}"])
    return message, rows.as_csv() if rows.rows else ""


def _beyond(reading: Reading) -> list[str]:
    others = [f"Ask for this apart: {query.in_words()}." for query in reading.queries[1:]]
    return [*reading.remarks, *others]
