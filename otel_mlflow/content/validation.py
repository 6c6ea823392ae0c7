"""Secrets in the texts of validation errors.

1. As Pydantic writes them: the field on a line, the input on the next.

   password
     String should have at least 12 characters [type=string_too_short, input_value='…', input_type=str]

2. As jsonschema does: the input at the beginning, the field below.

   '…' is too short

   Failed validating 'minLength' in schema['properties']['password']:
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.mentions import Mention, mentions_in

Range = tuple[int, int]

_INPUT = "input_value="
_END = re.compile(r",\s*input_type=|\]\s*(?:\n|\Z)|\Z")
_FIELD_ABOVE = 2000
_FAILED = "Failed validating "
_QUOTED = re.compile(r"""(?:\A|: )('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")[ ]""")


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
    yield from _above_field(text, mentions)


def _above_field(text: str, mentions: list[Mention]) -> Iterator[Range]:
    place = text.find(_FAILED)
    while place >= 0:
        before, end = text[max(place - _FIELD_ABOVE, 0) : place], text.find("\n", place)
        above = before.rstrip()
        line = above.rpartition("\n")[2]
        given = _QUOTED.search(line) if before.endswith("\n") else None
        if given and mentions_in(mentions, place, end if end >= 0 else len(text)):
            start = place - len(before) + len(above) - len(line)
            yield start + given.start(1) + 1, start + given.end(1) - 1
        place = text.find(_FAILED, place + len(_FAILED))


def _is_below_secret(text: str, place: int, mentions: list[Mention]) -> bool:
    line = text.rfind("\n", 0, place)
    above = text.rfind("\n", 0, max(line, 0)) + 1
    return line - above < _FIELD_ABOVE and bool(mentions_in(mentions, above, line))
