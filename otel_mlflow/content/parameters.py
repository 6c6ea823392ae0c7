"""Secrets that stand beside the statement or message which has a placeholder for them.

1. By place: `UPDATE users SET password = ?`, then `["…", 3]`; so `%s`, `{}`, and by their numbers `$1`, `:2`.
2. By name: `… WHERE api_key = :key`, then `{"key": "…"}`.
3. As PostgreSQL and Hibernate log them: `parameters: $1 = '…'`, `binding parameter (1:VARCHAR) <- […]`.

They follow the statement in a text, as the arguments of a call or behind a word such as `parameters`; in a structure
they stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from otel_mlflow.content.mentions import Mention, mentions_in
from otel_mlflow.content.names import is_hidden
from otel_mlflow.content.sql import INTO, ITEM, LITERAL, LONGEST_COLUMNS, TUPLE, VALUES
from otel_mlflow.content.windows import find_all

Range = tuple[int, int]
Wanted = Mapping["int | str", int]
"""What is hidden of the parameters, by their places from 0 and by their names."""

GIVEN_KEYS = frozenset(
    {
        *("params", "parameters", "parameter", "args", "arguments", "binds", "bindings", "bind_params", "values"),
        *("vars", "variables", "positional_args"),
    }
)
_MARK = (
    r"(?:\?(?![.?:])|%[srq]|\{\}|\$(?P<number>\d{1,3})|[:@]p?(?P<ordinal>\d{1,3})\b"
    r"|%\((?P<percent>\w{1,60})\)s|(?<![:\w])[:@](?P<named>[A-Za-z_]\w{0,60}))"
)
_PLACEHOLDER = re.compile(_MARK)
_SIGNS = ("?", "%", "{}", "$", ":", "@")
_AFTER_NAME = re.compile(
    rf"""["'`\]]?\s{{0,4}}(?:(?:=|:|<>|!=|is\b|i?like\b|in\b\s?\()\s{{0,4}}|(?<=\s))["']?(?={_MARK})""", re.IGNORECASE
)
_OPENS_ARGUMENTS = re.compile(r"""[^"'`\n]{0,400}["'`]{1,3}\)?\s{0,9},\s{0,20}(?:[\[(]\s{0,9}|(?=["'])|(?=\{))""")
_OPENS_PARAMETERS = re.compile(
    r"""(?s:.){0,200}?\b(?:parameters|params|args|arguments|binds|bindings|values)\b["']?\s{0,4}[:=]?\s{0,4}"""
    r"""\[?(?:[\[(]\s{0,9}|(?=\{))""",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"""(?:[^'"\[\](){}]|'(?:[^'\\\n]|''|\\.)*'|"(?:[^"\\\n]|\\.)*"|[\[({][^\[\](){}]*[\])}])*""")
_MEMBER = re.compile(r"""(['"])(\w{1,60})\1\s{0,4}:\s{0,4}(['"])((?:(?!\3)[^\\\n]|\\.){1,400})\3""")
# As MyBatis writes them: `==> Parameters: ada(String), 3(Integer)`.
_OPENS_TYPED = re.compile(r"[^\n]{0,400}\n[^\n]{0,200}\bParameters: ")
_TYPED = re.compile(r"([^\n]{1,200}?)\([A-Z]\w{2,20}\)(?:, |$)", re.MULTILINE)
_LOGGED = re.compile(
    r"""\$(?P<number>\d{1,3}) = '(?P<value>(?:[^'\n]|''){1,400})'"""
    r"""|parameter [\[(](?P<ordinal>\d{1,3})[\]:)][^\n]{0,40}\[(?P<bound>[^\]\n]{1,400})\]"""
)
_LONGEST_MARK = 80
_LONGEST_GIVEN = 4000


def find_parameters(text: str, mentions: Sequence[Mention]) -> Iterator[Range]:
    """Find the secrets that follow a statement in which the placeholders are for them."""
    if not has_placeholder(text):
        return
    wanted, end = _wanted(text, mentions)
    if not wanted:
        return
    yield from _logged(text, end, wanted)
    yield from _typed(text, end, wanted)
    opened = _OPENS_ARGUMENTS.match(text, end) or _OPENS_PARAMETERS.match(text, end)
    closed = _CLOSING.match(text, opened.end(), opened.end() + _LONGEST_GIVEN) if opened else None
    if closed is not None:
        yield from _by_place(text, closed.span(), wanted)
        yield from _by_name(text, closed.span(), wanted)


def parameters_to_hide(statement: str, mentions: Sequence[Mention]) -> Wanted:
    """Say which of the parameters beside a statement are secrets."""
    return _wanted(statement, mentions)[0]


def may_have_parameters(mapping: Mapping[Any, Any]) -> bool:
    """Say whether parameters stand beside a statement."""
    return any(
        isinstance(value, (list, tuple, Mapping)) and value and isinstance(key, str) and key.lower() in GIVEN_KEYS
        for key, value in mapping.items()
    )


def has_placeholder(text: str) -> bool:
    """Say whether a text may be a statement with parameters."""
    return any(map(text.__contains__, _SIGNS))


def _wanted(text: str, mentions: Sequence[Mention]) -> tuple[Wanted, int]:
    """Answer which parameters are secrets, and where the last placeholder for one ends."""
    starts = dict(_placeholders_after_names(text, mentions)) | dict(_placeholders_of_columns(text, mentions))
    if not starts:
        return {}, 0
    wanted: dict[int | str, int] = {}
    place, end = 0, 0
    for mark in find_all(_PLACEHOLDER, text, 0, max(starts) + _LONGEST_MARK):
        number, name = mark["number"] or mark["ordinal"], mark["percent"] or mark["named"]
        if strength := starts.get(mark.start()):
            wanted[name or (int(number) - 1 if number else place)] = strength
            end = mark.end()
        place += not (number or name)
    return wanted, end


def _placeholders_after_names(text: str, mentions: Sequence[Mention]) -> Iterator[tuple[int, int]]:
    for mention in mentions:
        if found := _AFTER_NAME.match(text, mention.end):
            yield found.end(), mention.strength


def _placeholders_of_columns(text: str, mentions: Sequence[Mention]) -> Iterator[tuple[int, int]]:
    if "alues" not in text and "ALUES" not in text:
        return
    for statement in find_all(INTO, text, overlap=LONGEST_COLUMNS):
        values = VALUES.match(text, statement.end())
        items = TUPLE.match(text, values.end()) if values else None
        if items is None:
            continue
        columns = ITEM.finditer(text, *statement.span(1))
        for column, item in zip(columns, ITEM.finditer(text, *items.span(1)), strict=False):
            mark = _PLACEHOLDER.search(text, *item.span())
            if mark and (named := mentions_in(mentions, *column.span())):
                yield mark.start(), named[-1].strength


def _logged(text: str, end: int, wanted: Wanted) -> Iterator[Range]:
    for found in _LOGGED.finditer(text, end, end + _LONGEST_GIVEN):
        value = "value" if found["value"] else "bound"
        if is_hidden(wanted.get(int(found["number"] or found["ordinal"]) - 1, 0), found[value]):
            yield found.span(value)


def _typed(text: str, end: int, wanted: Wanted) -> Iterator[Range]:
    place, end = 0, opened.end() if (opened := _OPENS_TYPED.match(text, end)) else len(text)
    while found := _TYPED.match(text, end):
        if is_hidden(wanted.get(place, 0), found[1]):
            yield found.span(1)
        place, end = place + 1, found.end()


def _by_place(text: str, given: Range, wanted: Wanted) -> Iterator[Range]:
    for place, item in enumerate(ITEM.finditer(text, *given)):
        literal = LITERAL.search(item[0]) if place in wanted else None
        if literal and is_hidden(wanted[place], literal[2]):
            yield item.start() + literal.start(2), item.start() + literal.end(2)


def _by_name(text: str, given: Range, wanted: Wanted) -> Iterator[Range]:
    for member in _MEMBER.finditer(text, *given):
        if is_hidden(wanted.get(member[2], 0), member[4]):
            yield member.span(4)
