"""Secrets in the texts of validation errors.

1. As Pydantic writes them: the field on a line, the input on the next.

   password
     String should have at least 12 characters [type=string_too_short, input_value='…', input_type=str]

2. As jsonschema does: the input at the beginning, the field below.

   '…' is too short

   Failed validating 'minLength' in schema['properties']['password']:

3. Beside the field, as Joi, Mongoose, clap and others do.

   "password" with value "…" fails to match the required pattern
   Cast to string failed for value "…" at path "password"
   Path `password` (`…`) is shorter than the minimum allowed length
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.mentions import Mention, mentions_in
from otel_mlflow.content.names import is_hidden

Range = tuple[int, int]

_INPUT = "input_value="
_VALUE_AFTER = re.compile(
    r"""\\*["'`]?\s(?:with\s(?:a\s)?value(?:\sof)?:?|(?:has\san\s)?invalid\svalue:?|value:?)\s\\*["'`]([^"'`\n\\]{1,400})["'`\\]"""
    r"""|["'`]\s\(["'`]([^"'`\n]{1,400})["'`]\)"""
)
_VALUE_BEFORE = re.compile(
    r"""\bvalue:?\s\\*["'`]([^"'`\n\\]{1,400})\\*["'`][^"'`\n]{0,60}\b(?:path|field|key|property|column|parameter|for)"""
    r""":?\s\\*["'`]?-{0,2}\Z""",
    re.IGNORECASE,
)
_LOOK_BACK = 600
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
    if "value" in text or "(`" in text:
        for mention in mentions:
            yield from _beside_field(text, mention)


def _beside_field(text: str, mention: Mention) -> Iterator[Range]:
    after = _VALUE_AFTER.match(text, mention.end)
    if after and is_hidden(mention.strength, after[after.lastindex or 0]):
        yield after.span(after.lastindex or 0)
    start = max(mention.start - _LOOK_BACK, 0)
    before = _VALUE_BEFORE.search(text[start : mention.start])
    if before and is_hidden(mention.strength, before[1]):
        yield start + before.start(1), start + before.end(1)


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
