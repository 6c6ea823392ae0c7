"""The fault table of docs/reliability.md speaks of the tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "reliability.md"


def test_every_row_names_tests_that_exist() -> None:
    """Each row ends with one test at least."""
    table = PAGE.read_text().partition("| fault | what happens | lost | test |")[2].partition("\n\n")[0]
    rows = [re.findall(r"`(test_\w+)`", row) for row in table.splitlines()[2:]]
    defined = {
        name
        for path in FOLDER.parent.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }
    assert len(rows) >= 10
    assert all(rows)
    assert {name for row in rows for name in row} <= defined
