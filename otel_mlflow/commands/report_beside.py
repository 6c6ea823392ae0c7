"""The parts of `otel-mlflow report` that have the window before beside this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from otel_mlflow.commands import terminal
from otel_mlflow.commands.units import dollars, milliseconds, plain
from otel_mlflow.ops.summary import Row

Format = Callable[[Any], str]


def show_beside_before(found: dict[str, Any]) -> None:
    """Print a table each of routes, models and errors by type, every figure followed by what it was before."""
    _beside("Routes", "route", found["routes"], {"requests": plain, "errors": plain, "p95_ms": milliseconds})
    _beside("Models", "model", found["models"], {"calls": plain, "total_tokens": plain, "cost": dollars})
    _beside("Errors", "error_type", found["errors"], {"requests": plain})


def _beside(title: str, by: str, rows: Sequence[Row], figures: dict[str, Format]) -> None:
    if any(row["previous"] for row in rows):
        names = [name.removesuffix("_ms").removeprefix("total_") for name in figures]
        headings = [by.replace("_", " "), *(text for name in names for text in (name, "before"))]
        cells = [[row[by] or "", *_cells(row, figures)] for row in rows]
        terminal.table(f"{title}, beside the window before", headings, cells)


def _cells(row: Row, figures: dict[str, Format]) -> list[str]:
    both = (row, row["previous"] or {})
    return [formatted(some.get(name)) for name, formatted in figures.items() for some in both]
