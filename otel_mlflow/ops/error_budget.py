"""How fast the errors of a window use up what an objective allows: a burn rate of 1 is as fast as allowed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

OBJECTIVE = 0.99
"""The share of requests that is to succeed."""

LATELY = 12
"""The latest of so many parts of the window is told, too: a burn of both is what somebody must be woken for."""


def error_budget(totals: Mapping[str, Any], series: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Burn rates of a window and of its latest part; None where there were no requests."""
    latest = series[-math.ceil(len(series) / LATELY) :]
    errors, requests = (sum(row[name] for row in latest) for name in ("errors", "requests"))
    return {
        "objective": OBJECTIVE,
        "burn_rate": _burn_rate(totals.get("errors", 0), totals.get("requests", 0)),
        "burn_rate_lately": _burn_rate(errors, requests),
    }


def _burn_rate(errors: int, requests: int) -> float | None:
    return errors / requests / (1 - OBJECTIVE) if requests else None
