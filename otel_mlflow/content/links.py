"""Addresses that let in whoever has them.

1. The answer of an OAuth server and its like: `?code=…&state=…` (RFC 6749, 4.1.2).
2. A key in an address: `?key=…`; among the arguments of a call: `(key=…)`.
3. A link that works once, known by a word of its path or query: `/reset-password/…`, `/magic?id=…`, `?mode=signIn&x=…`.
4. A link that works once, known by the words before it: `Your login link: https://host/l/…`.
5. A token in a path, known by the part before it: `/tokens/…/refresh`, `/share/…`; capitals tell it from an identifier.

Only what is opaque is hidden: letters and digits in a mix that no name of a page has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from otel_mlflow.content import vocabulary
from otel_mlflow.content.credentials import is_opaque, may_be_opaque
from otel_mlflow.content.words import fold

Range = tuple[int, int]

_VALUE = re.compile(r"[^\s&#\"'<>\\]{16,2000}")
_BEFORE_PARAMETER = {"code=": "?& \t\r\n\"'", "state=": "?&_ \t\r\n\"'", "key=": "?&"}
_ARGUMENT = re.compile(r"[\"']?([\w-]{16,200})(?=[\"',)])")
_PARAMETERS = frozenset({b"code", b"key", b"state"})
_ANNOUNCED = re.compile(
    r"(?:magic|one[- ]time|works once|log[- ]?in|sign[- ]?in|reset|password|invit\w*|activat\w*|confirm\w*|verif\w*"
    r"|anmelde\w*|passwort|einladung\w*|connexion|mot de passe|contrase\w*|sesi\w*|senha|acesso|accesso|wachtwoord)"
    r"[^\n]{0,60}(?:\blink|\blien|\benlace|\bhere|\bhier|\bici|\bonce|\bclick|:)[^\w\n]{0,4}\Z",
    re.IGNORECASE,
)
_ANNOUNCING_WORDS = frozenset(b"link lien enlace here hier ici once click".split())
_PUBLIC = frozenset({"commit", "commits", "blob", "tree", "pull", "docs", "document", "wiki", "issues"})
_ELSEWHERE = frozenset(
    {"next", "redirect", "return", "continue", "returnto", "redirecturi", "redirect_uri", "redirect_to"}
)
_BEFORE_SLASH = re.compile(r"[^\s\"'<>`\\|]{0,200}")
_RUN = re.compile(r"[^\s\"'<>`\\|]{0,4000}")
_PART = re.compile(r"[^/?&#;]+")
_WORD = re.compile(r"[^\W\d_]+")
_TOKENS = frozenset(
    {"token", "tokens", "key", "keys", "apikey", "secret", "secrets", "bot", "share", "unsubscribe"}
    | {"hook", "hooks", "webhook", "webhooks"}
)
_CASES = re.compile(r"(?=.*[a-z])(?=.*[A-Z])")
_MIXED = re.compile(r"(?!0x)(?=.*[a-z])(?=.*[A-Z])[\w-]{20,}")
_LOOK_BACK = 120
_SHORTEST = len("/rp/") + 16


def find_in_links(text: str, words: Set[bytes]) -> Iterator[Range]:
    """Find what is secret in addresses; `words` are those of the text."""
    if "=" in text and not _PARAMETERS.isdisjoint(words):
        yield from _parameters(text)
    if "/" in text and not _TELLING_WORDS.isdisjoint(words):
        for start, end in _addresses(text):
            yield from _one_time_parts(text, start, end)


def _parameters(text: str) -> Iterator[Range]:
    for mark, before in _BEFORE_PARAMETER.items():
        place = text.find(mark)
        while place >= 0:
            end = place + len(mark)
            value = _VALUE.match(text, end) if text[place - 1] in before or not place else None
            if value and is_opaque(value[0]):
                yield value.span()
            elif mark == "key=" and (argument := _argument(text, place, end)):
                yield argument
            place = text.find(mark, end)


def _argument(text: str, place: int, end: int) -> Range | None:
    """Find the key that is an argument of a call: capitals tell it from the key of a cache."""
    argument = _ARGUMENT.match(text, end) if text[place - 1] in "(, " else None
    is_key = argument is not None and is_opaque(argument[1]) and _CASES.match(argument[1])
    return argument.span(1) if argument and is_key else None


def _addresses(text: str) -> Iterator[Range]:
    """Find the runs of a text that have a slash, and may have an opaque part."""
    done, slash = 0, text.find("/")
    while slash >= 0:
        before = _BEFORE_SLASH.match(text[max(slash - 200, done) : slash][::-1])
        start = slash - (before.end() if before else 0)
        run = _RUN.match(text, start)
        done = max(run.end() if run else slash, slash + 1)
        if done - start >= _SHORTEST and may_be_opaque(text, start, done):
            yield start, done
        slash = text.find("/", done)


def _one_time_parts(text: str, start: int, end: int) -> Iterator[Range]:
    is_one_time = False
    is_announced: bool | None = None
    before = ""
    for part in _PART.finditer(text, start, end):
        name, equals, value = part[0].partition("=")
        if fold(name) in _ELSEWHERE or name in _PUBLIC:
            return
        opaque = (value if equals else name).rstrip(".,;:!?)]}")
        if not is_opaque(opaque):
            is_one_time = is_one_time or not vocabulary.ONE_TIME_LINKS.isdisjoint(map(fold, _split(part[0])))
            before = fold(part[0])
            continue
        is_token = before in _TOKENS and _MIXED.fullmatch(opaque) is not None
        if is_announced is None:
            is_announced = _ANNOUNCED.search(text[max(start - _LOOK_BACK, 0) : start]) is not None
        if is_one_time or is_announced or is_token:
            begin = part.end() - len(part[0]) + (len(name) + 1 if equals else 0)
            yield begin, begin + len(opaque)


def _split(part: str) -> list[str]:
    return _WORD.findall(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", part[:200]))


_TELLING_WORDS = frozenset(word.encode() for word in vocabulary.ONE_TIME_LINKS | _TOKENS) | _ANNOUNCING_WORDS
