"""Which rows of `make frameworks` a part of it runs."""

from __future__ import annotations

import pytest

from tests.frameworks.parts import Part, rows_of
from tests.frameworks.rows import ROWS


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_over_as_many_days_as_there_are_parts_every_row_has_its_turn_once(count: int) -> None:
    """Whatever day it begins with."""
    parts = [rows_of(Part.parse(str(count), day), ROWS) for day in range(739_000, 739_000 + count)]
    assert sorted(row.name for part in parts for row in part) == sorted(row.name for row in ROWS)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_part_may_be_named() -> None:
    """So that what failed in CI can be run again."""
    assert Part.parse("2/3", 0) == Part(2, 3)


@pytest.mark.parametrize("text", ["0", "0/3", "4/3", "third", "3/", "-1"])
def test_what_is_no_part_is_refused(text: str) -> None:
    """Rather than running nothing, and passing."""
    with pytest.raises(ValueError, match=r"."):
        Part.parse(text, 5)
