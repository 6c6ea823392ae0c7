"""A question, read, becomes one SQL statement over the sales table. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.data.vocabulary import OVER_TIME, Dimension, Reading

# measure: its expression, and the column's name, which says the unit
_MEASURES = {
    "revenue": ("SUM(revenue)", "revenue_eur"),
    "cost": ("SUM(cost)", "cost_eur"),
    "profit": ("SUM(revenue - cost)", "profit_eur"),
    "profit margin": ("100.0 * SUM(revenue - cost) / SUM(revenue)", "profit_margin_percent"),
    "units": ("SUM(units)", "units"),
    "returned units": ("SUM(returned)", "returned_units"),
    "return rate": ("100.0 * SUM(returned) / SUM(units)", "return_rate_percent"),
}
_YEAR = "substr(month, 1, 4)"
_QUARTER = "'Q' || ((CAST(substr(month, 6, 2) AS INTEGER) + 2) / 3)"
_DIMENSIONS: dict[Dimension, str] = {
    "region": "region",
    "product": "product",
    "month": "month",
    "quarter": f"{_YEAR} || ' ' || {_QUARTER}",
    "year": _YEAR,
}
_FILTERS = {"region": "region = ?", "product": "product = ?", "quarter": f"{_QUARTER} = ?", "year": f"{_YEAR} = ?"}


@dataclass(frozen=True)
class Statement:
    """A SELECT and the values for its question marks."""

    sql: str
    parameters: tuple[str, ...]


def statement(asked: Reading) -> Statement:
    """Write the statement. A measure that the table does not have becomes a column that SQLite will refuse by name."""
    expression, column = _measure(asked.measure or "revenue")
    dimension = asked.dimension or "region"
    where = " AND ".join(_FILTERS[key] for key in asked.filters)
    order = "1" if dimension in OVER_TIME else "2 DESC, 1"
    sql = (
        f"SELECT {_DIMENSIONS[dimension]} AS {dimension}, ROUND({expression}, 2) AS {column} FROM sales"  # noqa: S608
        f"{' WHERE ' + where if where else ''} GROUP BY 1 ORDER BY {order}"
    )
    return Statement(sql, tuple(asked.filters.values()))


def _measure(name: str) -> tuple[str, str]:
    if name in _MEASURES:
        return _MEASURES[name]
    column = re.sub(r"\W", "", name, flags=re.ASCII)
    return f"SUM({column})", column
