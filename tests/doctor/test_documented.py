"""docs/doctor.md names every check."""

from __future__ import annotations

from otel_mlflow.diagnosis.doctor import CHECKS
from otel_mlflow.diagnosis.setup import LIMITS
from tests.doctor.examining import REPOSITORY

PAGE = (REPOSITORY / "docs" / "doctor.md").read_text(encoding="utf-8")


def test_every_check_has_its_row() -> None:
    """In the order in which they are made."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [each.name for each in CHECKS]


def test_the_limits_are_told() -> None:
    """In seconds."""
    assert f"takes {LIMITS.each:.0f} seconds" in PAGE
    assert f"together {LIMITS.together:.0f}" in PAGE
