"""A query becomes one SQL statement over the sales table. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.questions.measures import measure_named
from app.questions.months import SEASONS
from app.questions.query import OVER_TIME, PARTS, Dimension, Query

_EXPRESSIONS = {
    "revenue": "SUM(revenue)",
    "cost": "SUM(cost)",
    "profit": "SUM(revenue - cost)",
    "profit margin": "100.0 * SUM(revenue - cost) / SUM(revenue)",
    "units": "SUM(units)",
    "returned units": "SUM(returned)",
    "return rate": "100.0 * SUM(returned) / SUM(units)",
    "price per unit": "SUM(revenue) / SUM(units)",
    "profit per unit": "SUM(revenue - cost) / SUM(units)",
    "cost per unit": "SUM(cost) / SUM(units)",
}
_YEAR = "substr(month, 1, 4)"
_NUMBER = "CAST(substr(month, 6, 2) AS INTEGER)"
_QUARTER, _HALF = f"'Q' || (({_NUMBER} + 2) / 3)", f"'H' || (({_NUMBER} + 5) / 6)"
_SEASON = f"CASE {' '.join(f'WHEN {_NUMBER} IN {numbers} THEN {season!r}' for season, numbers in SEASONS.items())} END"
_DIMENSIONS: dict[Dimension, str] = {
    "region": "region",
    "product": "product",
    "month": "month",
    "quarter": f"{_YEAR} || ' ' || {_QUARTER}",
    "half": f"{_YEAR} || ' ' || {_HALF}",
    "season": _SEASON,
    "year": _YEAR,
}
# Where the year is a dimension of its own.
_WITHIN_A_YEAR: dict[Dimension, str] = {"month": "substr(month, 6, 2)", "quarter": _QUARTER, "half": _HALF}


class UnknownMeasureError(LookupError):
    """The table has no such measure."""


@dataclass(frozen=True)
class Statement:
    """A SELECT and the values for its question marks."""

    sql: str
    parameters: tuple[str, ...]


def statement(query: Query) -> Statement:
    """Write the statement. Raises `UnknownMeasureError`."""
    if query.measure not in _EXPRESSIONS:
        raise UnknownMeasureError(f"no such column: {query.measure}")
    column = f"ROUND({_EXPRESSIONS[query.measure]}, 6) AS {measure_named(query.measure).column}"
    columns = [f"{_expression(one, query)} AS {one}" for one in query.split]
    conditions = list(_conditions(query))
    where = " WHERE " + " AND ".join(sql for sql, _ in conditions) if conditions else ""
    sql = f"SELECT {', '.join([*columns, column])} FROM sales{where}{_grouping(query)}"  # noqa: S608
    return Statement(sql, tuple(value for _, values in conditions for value in values))


def _expression(dimension: Dimension, query: Query) -> str:
    within = _WITHIN_A_YEAR if "year" in query.split else {}
    return within.get(dimension, _DIMENSIONS[dimension])


def _conditions(query: Query) -> Iterator[tuple[str, tuple[str, ...]]]:
    for part in PARTS:
        members = query.members(part)
        if members.names:
            names = members.those_in(part) if members.excluded else members.names
            yield f"{part} IN ({_marks(names)})", names
    if query.months:
        yield f"month IN ({_marks(query.months)})", query.months


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))


def _grouping(query: Query) -> str:
    """Times in their order; parts alone by their size, and beside another dimension by name."""
    if not query.split:
        # Without any grouping, no month at all would still give a row: of NULL.
        return " GROUP BY NULL"
    places = [str(place) for place in range(1, len(query.split) + 1)]
    order = places if len(places) > 1 or query.split[0] in OVER_TIME else ["2 DESC", "1"]
    return f" GROUP BY {', '.join(places)} ORDER BY {', '.join(order)}"
