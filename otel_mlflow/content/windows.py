"""Searches a text window by window: no single scan, which holds the interpreter, sees more than one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from otel_mlflow.pacing import rest_if_due

WINDOW = 8192


def find_all(
    pattern: re.Pattern[str], text: str, start: int = 0, end: int | None = None, *, overlap: int = 1024
) -> Iterator[re.Match[str]]:
    """Find what `pattern.finditer` would; a match's part that decides whether it is one is no longer than `overlap`.

    A match that begins in the overlap is left to the next window, and one that is found is read again to its end.
    """
    stop = len(text) if end is None else end
    place = start
    while place < stop:
        rest_if_due()
        border = place + WINDOW
        if border >= stop:
            yield from pattern.finditer(text, place, stop)
            return
        found = pattern.search(text, place, border)
        if found is None or found.start() >= border - overlap:
            place = border - overlap
            continue
        place = found.start() + 1
        if whole := pattern.match(text, found.start(), stop):
            yield whole
            place = max(whole.end(), place)


def substitute(
    pattern: re.Pattern[str], write: Callable[[re.Match[str]], str], text: str, *, overlap: int = 1024
) -> str:
    """Replace what `pattern.sub` would."""
    parts: list[str] = []
    done = 0
    for found in find_all(pattern, text, overlap=overlap):
        parts += (text[done : found.start()], write(found))
        done = found.end()
    return "".join(parts) + text[done:] if parts else text
