"""How fast the errors of a window use up what an objective allows: a burn rate of 1 is as fast as allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

LATELY = 12
"""The latest of so many parts of the window is told, too: a burn of both is what somebody must be woken for."""


def error_budget(
    totals: Mapping[str, Any], series: Sequence[Mapping[str, Any]], objective: float
) -> dict[str, float | None]:
    """Burn rates of a window and of its latest part; None where there were no requests.

    `objective` is the share of requests that is to succeed.
    """
    latest = series[-math.ceil(len(series) / LATELY) :]
    errors, requests = (sum(row[name] for row in latest) for name in ("errors", "requests"))
    return {
        "objective": objective,
        "burn_rate": _burn_rate(totals.get("errors", 0), totals.get("requests", 0), objective),
        "burn_rate_lately": _burn_rate(errors, requests, objective),
    }


def _burn_rate(errors: int, requests: int, objective: float) -> float | None:
    return errors / requests / (1 - objective) if requests else None
