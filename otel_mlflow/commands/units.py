"""Figures as people read them; what is not known is empty."""

from __future__ import annotations

from typing import Any


def plain(value: Any) -> str:
    """A count or a text as it is, a fraction with two places."""
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def milliseconds(value: float | None) -> str:
    """A duration in whole milliseconds."""
    return "" if value is None else f"{value:.0f} ms"


def dollars(value: float | None) -> str:
    """A cost with four places."""
    return "" if value is None else f"${value:.4f}"
