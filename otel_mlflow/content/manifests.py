"""Secrets in Kubernetes manifests: all that stands under `data` or `stringData` of a `Secret`.

1. In lines that are indented deeper: `data:` and below it `password: …`.
2. In flow style: `data: {password: …}`, also with the whole Secret in braces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from otel_mlflow.content.windows import find_all

Range = tuple[int, int]

_DOCUMENT = re.compile(r"^---[^\n]*$", re.MULTILINE)
_KIND = re.compile(r"""(?:^[ \t-]{0,40}|[{,][ \t]{0,4})["']?kind["']?:[ \t]*["']?Secret\b""", re.MULTILINE)
_DATA = re.compile(
    r"^([ \t]{0,40})(?:data|stringData):[ \t]*\r?\n((?:\1[ \t]+[^\n]*(?:\n|\Z)|[ \t]*\n)+)", re.MULTILINE
)
_VALUE = re.compile(
    r"^[ \t]+[\w.-]{1,253}:[ \t]+(\S[^\r\n]*)|^[ \t]+((?![\w.-]{1,253}:(?:\s|\Z))\S[^\r\n]*)", re.MULTILINE
)
_FLOW_DATA = re.compile(r"""(?<![\w.-])["']?(?:data|stringData)["']?:[ \t]{0,4}\{([^{}]{1,4000})""")
_FLOW_VALUE = re.compile(r"""["']?[\w.-]{1,253}["']?:\s{1,4}(?:"([^"\n]+)"|'([^'\n]+)'|([^\s,"'][^,\r\n]*))""")
_MOST_DOCUMENTS = 100
_LONGEST_FLOW = 4096


def find_in_manifests(text: str, words: Set[bytes]) -> Iterator[Range]:
    """Find the values in a Secret's data; `words` are those of the text."""
    if b"kind" not in words or b"secret" not in words:
        return
    starts = [0, *(mark.end() for mark in _DOCUMENT.finditer(text))][:_MOST_DOCUMENTS]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if next(find_all(_KIND, text, start, end), None):
            yield from _values(text, start, end)


def _values(text: str, start: int, end: int) -> Iterator[Range]:
    for data in _DATA.finditer(text, start, end):
        yield from (value.span(value.lastindex or 0) for value in _VALUE.finditer(text, *data.span(2)))
    for data in find_all(_FLOW_DATA, text, start, end, overlap=_LONGEST_FLOW):
        yield from (value.span(value.lastindex or 0) for value in _FLOW_VALUE.finditer(text, *data.span(1)))
