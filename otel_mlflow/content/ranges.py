"""Where in a text its secrets stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from otel_mlflow.content.names import REDACTED

Range = tuple[int, int]


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Bring ranges in order, and join those that overlap or touch."""
    joined: list[Range] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > start:
            joined.append((start, end))
    return joined


def replaced(text: str, ranges: Sequence[Range]) -> str:
    """Write a text with `[redacted]` in place of its secrets."""
    parts: list[str] = []
    done = 0
    for start, end in ranges:
        parts += (text[done:start], REDACTED)
        done = end
    return "".join(parts) + text[done:] if parts else text
