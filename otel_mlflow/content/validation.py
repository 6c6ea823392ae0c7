"""Secrets in the texts of validation errors, as Pydantic writes them: the field on a line, the input on the next.

1 validation error for Login
password
  String should have at least 12 characters [type=string_too_short, input_value='…', input_type=str]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.mentions import Mention, mentions_in

Range = tuple[int, int]

_INPUT = "input_value="
_END = re.compile(r",\s*input_type=|\]\s*(?:\n|\Z)|\Z")
_FIELD_ABOVE = 2000


def find_in_validation_errors(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find the inputs of fields that hold secrets."""
    place = text.find(_INPUT)
    while place >= 0:
        start = place + len(_INPUT)
        end = _END.search(text, start)
        stop = end.start() if end else len(text)
        if _is_below_secret(text, place, mentions):
            yield start, stop
        place = text.find(_INPUT, stop)


def _is_below_secret(text: str, place: int, mentions: list[Mention]) -> bool:
    line = text.rfind("\n", 0, place)
    above = text.rfind("\n", 0, max(line, 0)) + 1
    return line - above < _FIELD_ABOVE and bool(mentions_in(mentions, above, line))
