"""Figures beside figures."""

from __future__ import annotations

from typing import Any

import pytest


def close(value: Any) -> Any:
    """The same, with every fraction allowed to be off by what adding in another order makes of it."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-9, abs=1e-12)
    if isinstance(value, dict):
        return {key: close(item) for key, item in value.items()}
    if isinstance(value, list):
        return [close(item) for item in value]
    return value


def without(rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    """The rows without a column."""
    return [{key: value for key, value in row.items() if key != column} for row in rows]
