"""Secrets in Kubernetes manifests: all that stands under `data` or `stringData` of a `Secret`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

Range = tuple[int, int]

_DOCUMENT = re.compile(r"^---[^\n]*$", re.MULTILINE)
_KIND = re.compile(r"^kind:[ \t]*[\"']?Secret\b", re.MULTILINE)
_DATA = re.compile(r"^(?:data|stringData):[ \t]*\r?\n((?:[ \t]+[^\n]*(?:\n|\Z)|[ \t]*\n)+)", re.MULTILINE)
_VALUE = re.compile(
    r"^[ \t]+[\w.-]{1,253}:[ \t]+(\S[^\r\n]*)|^[ \t]+((?![\w.-]{1,253}:(?:\s|\Z))\S[^\r\n]*)", re.MULTILINE
)
_MOST_DOCUMENTS = 100


def find_in_manifests(text: str, words: Set[bytes]) -> Iterator[Range]:
    """Find the values in a Secret's data; `words` are those of the text."""
    if b"kind" not in words or b"secret" not in words:
        return
    starts = [0, *(mark.end() for mark in _DOCUMENT.finditer(text))][:_MOST_DOCUMENTS]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if _KIND.search(text, start, end):
            for data in _DATA.finditer(text, start, end):
                yield from (value.span(value.lastindex or 0) for value in _VALUE.finditer(text, *data.span(1)))
