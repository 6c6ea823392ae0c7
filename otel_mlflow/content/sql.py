"""Secrets in SQL: values of an INSERT by their columns, literals that are named or compared with, keys of encryption.

`SET password = '…'` and `PASSWORD '…'` are assignments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from otel_mlflow.content.credentials import is_credential, is_placeholder
from otel_mlflow.content.mentions import Mention, mentions_in
from otel_mlflow.content.names import is_hidden
from otel_mlflow.content.windows import find_all

Range = tuple[int, int]

INTO = re.compile(r"""(?:into|table)\s{1,20}[\w."`\[\]\\$-]{1,120}\s{0,20}\(([^()]{1,4000})\)""", re.IGNORECASE)
VALUES = re.compile(r"\s*(?:output[^()]{0,200})?(?:overriding \w+ values?\s*)?values?\s*", re.IGNORECASE)
_SELECT = re.compile(r"\s*select\s+([^;]{1,4000})", re.IGNORECASE)
TUPLE = re.compile(r"""\s*,?\s*\(((?:[^()'"]|N?'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|\\.)*"|\([^()]*\))*)(?:\)|\Z)""")
ITEM = re.compile(r"""(?:[^,'"()]|'(?:[^'\\]|''|\\.)*'?|"(?:[^"\\]|\\.)*"?|\([^()]*\)?)+""")
LITERAL = re.compile(r"""(['"])(.*)\1""", re.DOTALL)
_IDENTIFIED = re.compile(
    r"""identified\s{1,20}(?:with\s+\S{1,40}\s{1,20})?(?:by|as)\s{1,20}(?:password\s{1,9})?(?:(['"])(.+?)\1|([^\s'";,]+))""",
    re.I,
)
_REPLACED = re.compile(r"""\s{1,9}replace\s{1,9}(['"])(.+?)\1""", re.IGNORECASE)
_PROCEDURE = re.compile(
    r"""\bsp_(?:(?:addlogin|password)\s{1,9}|addlinkedsrvlogin\s{1,9}(?:(?:N?'[^'\n]{0,200}'|null)\s{0,9},\s{0,9}){3})"""
    r"""(?:N?'[^'\n]{0,200}'|null)\s{0,9},\s{0,9}N?'([^'\n]{1,200})'""",
    re.IGNORECASE,
)
# Of Db2 and of Teradata.
_CONNECTED = re.compile(
    r"connect\s{1,9}to\s{1,9}\S{1,60}\s{1,9}user\s{1,9}\S{1,60}\s{1,9}using\s{1,9}[\"']?([^\s\"';\\]{3,100})"
    r"|\.logon\s{1,9}[^\s,]{1,100},\s?([^\s,;\"\\]{3,100})",
    re.IGNORECASE,
)
_STATEMENT = re.compile(r"\b(?:create|alter|grant|connect|user|role)\b", re.IGNORECASE)
_KEY_PRAGMA = re.compile(r"""pragma\s{1,9}(?:re|hex)?key\s{0,9}=\s{0,9}"?x?(['"])(.+?)\1""", re.IGNORECASE)

_ENCRYPTION = re.compile(
    r"""(?=[paedc])(?:(?:pgp_sym|aes)_(?:en|de)crypt\w{0,6}\s{0,4}\((?:[^()',]|'[^']{0,200}'){1,80},\s{0,4}'([^']{1,400})'"""
    r"""|(?:en|de)cryptbypassphrase\s{0,4}\(\s{0,4}N?'([^']{1,400})'"""
    r"""|\bcrypt\s{0,4}\(\s{0,4}'([^']{1,400})'\s{0,4},\s{0,4}gen_salt)""",
    re.IGNORECASE,
)
_COMPARISON = re.compile(
    r"""["`\]]?\s{1,4}(?:(?:not\s)?(?:in\s{0,4}\(|i?like|similar\sto|rlike)|is\sdistinct\sfrom|<>|!=|=\s?any\s?\()\s{0,4}(?=N?')""",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"""(?:,\s{0,20})?N?'((?:[^'\\]|''|\\.)*)'\s{0,4}""", re.DOTALL)
_NAMED_LITERAL = re.compile(r"""(['"])((?:(?!\1).){1,100})\1\s{1,4}as\s{1,4}["`\[]?\Z""", re.IGNORECASE)
_PARAMETERS = re.compile(r"""parametrize\(\s{0,20}["']([\w, ]{1,200})["'],\s{0,20}\[""")
_LONGEST_LITERAL = 120
LONGEST_COLUMNS = 4200
_ENCRYPTION_WORDS = frozenset({b"encrypt", b"decrypt", b"encryptbypassphrase", b"decryptbypassphrase", b"crypt"})
_PASSWORD_WORDS = _ENCRYPTION_WORDS | {b"identified", b"pragma", b"sp", b"logon"}


def may_hold_password(words: Set[bytes]) -> bool:
    """Say whether a text may have a statement whose password no name stands before."""
    return not _PASSWORD_WORDS.isdisjoint(words) or (b"connect" in words and b"using" in words)


def find_in_sql(text: str, words: Set[bytes], mentions: list[Mention]) -> Iterator[Range]:
    """Find the secrets in statements."""
    if b"identified" in words:
        for found in find_all(_IDENTIFIED, text):
            if _is_password(text, found):
                yield found.span(2 if found[2] else 3)
            if replaced := _REPLACED.match(text, found.end()):
                yield replaced.span(2)
    if b"sp" in words:
        yield from (found.span(1) for found in find_all(_PROCEDURE, text))
    if b"logon" in words or (b"connect" in words and b"using" in words):
        yield from (found.span(found.lastindex or 0) for found in find_all(_CONNECTED, text))
    if mentions and b"parametrize" in words:
        yield from _parametrized(text, mentions)
    if b"pragma" in words:
        yield from (found.span(2) for found in _KEY_PRAGMA.finditer(text))
    if not _ENCRYPTION_WORDS.isdisjoint(words):
        yield from (found.span(found.lastindex or 0) for found in find_all(_ENCRYPTION, text))
    if mentions and "'" in text:
        yield from _compared(text, mentions)
    if mentions and b"as" in words:
        yield from _named_literals(text, mentions)
    if mentions and b"into" in words:
        for statement in find_all(INTO, text, overlap=LONGEST_COLUMNS):
            yield from _inserted(text, statement, mentions)


def _is_password(text: str, identified: re.Match[str]) -> bool:
    """Say whether a password stands after IDENTIFIED BY, and not what a sentence says something is known by."""
    if identified[2] or is_credential(identified[3]):
        return not is_placeholder(identified[2] or identified[3])
    return _STATEMENT.search(text[max(identified.start() - 200, 0) : identified.start()]) is not None


def _compared(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find the literals that a query compares a secret with: `password <> '…'`, `api_key IN ('…', '…')`."""
    for mention in mentions:
        comparison = _COMPARISON.match(text, mention.end)
        place = comparison.end() if comparison else len(text)
        while literal := _COMPARED.match(text, place):
            if is_hidden(mention.strength, literal[1]):
                yield literal.span(1)
            place = literal.end()


def _named_literals(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find the literals that a query gives the name of a secret: `SELECT '…' AS password`."""
    for mention in mentions:
        start = max(mention.start - _LONGEST_LITERAL, 0)
        literal = _NAMED_LITERAL.search(text[start : mention.start])
        if literal and is_hidden(mention.strength, literal[2]):
            yield start + literal.start(2), start + literal.end(2)


def _inserted(text: str, statement: re.Match[str], mentions: list[Mention]) -> Iterator[Range]:
    columns: dict[int, int] = {}
    for place, column in enumerate(ITEM.finditer(text, *statement.span(1))):
        for mention in mentions_in(mentions, *column.span()):
            columns[place] = mention.strength
    if not columns:
        return
    if values := VALUES.match(text, statement.end()):
        yield from _from_tuples(text, values.end(), columns)
    elif selected := _SELECT.match(text, statement.end()):
        yield from _from_items(text, selected.span(1), columns)


def _parametrized(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find the secrets among the parameters of a test: `parametrize("user, password", [("ada", "…")])`."""
    for opened in find_all(_PARAMETERS, text):
        columns: dict[int, int] = {}
        for place, name in enumerate(re.finditer(r"[^,]+", opened[1])):
            start = opened.start(1)
            for mention in mentions_in(mentions, start + name.start(), start + name.end()):
                columns[place] = mention.strength
        if columns:
            yield from _from_tuples(text, opened.end(), columns)


def _from_tuples(text: str, place: int, columns: dict[int, int]) -> Iterator[Range]:
    while found := TUPLE.match(text, place):
        yield from _from_items(text, found.span(1), columns)
        place = found.end()


def _from_items(text: str, items: Range, columns: dict[int, int]) -> Iterator[Range]:
    for place, item in enumerate(ITEM.finditer(text, *items)):
        literal = LITERAL.search(item[0]) if place in columns else None
        if literal and is_hidden(columns[place], literal[2]):
            yield item.start() + literal.start(2), item.start() + literal.end(2)
