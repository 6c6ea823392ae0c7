"""How fast an objective is used up."""

from __future__ import annotations

import pytest

from otel_mlflow.ops.error_budget import error_budget

QUIET = {"requests": 100, "errors": 0}
FAILING = {"requests": 100, "errors": 50}


@pytest.mark.parametrize(
    ("series", "lately"),
    [
        ([QUIET] * 23 + [FAILING], 25),
        ([FAILING] * 22 + [QUIET] * 2, 0),
        ([FAILING], 50),
        ([{"requests": 0, "errors": 0}], None),
        ([], None),
    ],
)
def test_the_latest_part_of_a_window_has_a_burn_rate_of_its_own(
    series: list[dict[str, int]], lately: float | None
) -> None:
    """A twelfth, and at least one step; none where nobody asked for anything."""
    found = error_budget({"requests": 1000, "errors": 10}, series, 0.99)
    assert found == pytest.approx({"objective": 0.99, "burn_rate": 1.0, "burn_rate_lately": lately})


def test_a_window_without_requests_has_none() -> None:
    """Not 0: nothing is known."""
    assert error_budget({"requests": 0, "errors": 0}, [], 0.99)["burn_rate"] is None


@pytest.mark.parametrize(("objective", "burn_rate"), [(0.9, 0.1), (0.999, 10)])
def test_the_objective_is_what_was_asked_for(objective: float, burn_rate: float) -> None:
    """One error in a hundred uses up a tenth of ten in a hundred, and ten times as much as one in a thousand."""
    found = error_budget({"requests": 1000, "errors": 10}, [QUIET], objective)
    assert found["objective"] == objective
    assert found["burn_rate"] == pytest.approx(burn_rate)
