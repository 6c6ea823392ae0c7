"""docs/frameworks.md, from what the rows have left."""

from __future__ import annotations

import json
from pathlib import Path

from tests.frameworks.environments import RESULTS, ROOT
from tests.frameworks.exactness import faults
from tests.frameworks.framework import COLUMNS, Expected
from tests.frameworks.known import KNOWN
from tests.frameworks.rows import ROWS, Row, result_file

DOCUMENT = ROOT / "docs" / "frameworks.md"
BEGIN = "<!-- made by `make frameworks` from here on -->"


def write() -> None:
    """Write the generated part anew; what stands above it is kept."""
    above = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[0].rstrip()
    DOCUMENT.write_text("\n".join([above, "", BEGIN, "", *_matrix(), "", *_reasons(), ""]), encoding="utf-8")


def _matrix() -> list[str]:
    """The table, a row a line."""
    head = [f"| {' | '.join(['framework', 'version', *COLUMNS])} |", "| --- | --- |" + " --- |" * len(COLUMNS)]
    return [*head, *(_line(row, result_file(row, RESULTS)) for row in ROWS)]


def _line(row: Row, file: Path) -> str:
    if not file.exists():
        return f"| {row.name} | |{' not run |' * len(COLUMNS)}"
    results = json.loads(file.read_text(encoding="utf-8"))
    cells = [_cell(row, column, results) for column in COLUMNS]
    return f"| {row.name} | {results['version']} | {' | '.join(cells)} |"


def _cell(row: Row, column: str, results: dict[str, object]) -> str:
    if column not in results:
        return "–"
    expected: dict[str, bool] = results["expected"]  # type: ignore[assignment]
    found = faults(column, results[column], Expected(**expected))  # type: ignore[arg-type]
    if not found:
        return "exact"
    return "theirs" if (row.name, column) in KNOWN else "**not exact**"


def _reasons() -> list[str]:
    """Whose fault the cells are that are not exact."""
    by_reason: dict[str, list[str]] = {}
    for (row, column), reason in KNOWN.items():
        by_reason.setdefault(reason, []).append(f"{row}, {column}")
    return [f"- {reason} ({'; '.join(cells)})" for reason, cells in by_reason.items()]
