"""Finds the tokens of vendors in a text, by the table of `vendor_rules.py`.

Most marks stand at the beginning of a run of letters and digits, so only the runs that are long enough are looked up.
The few rules whose mark stands elsewhere are tried where the text has the mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

from otel_mlflow.content.vendor_rules import RULES
from otel_mlflow.content.vendor_shapes import Rule

_RUN_BYTES = bytes(byte if chr(byte).isalnum() or chr(byte) in "_-" else ord(" ") for byte in range(128)).ljust(256)
_MASK = bytes(ord(" ") if byte == ord(" ") else ord("a") for byte in _RUN_BYTES)
_LONG_RUN = b"a" * 12
_ESCAPE = 2


def _by_beginning(rules: Iterable[Rule]) -> dict[bytes, list[Rule]]:
    grouped: dict[bytes, list[Rule]] = {}
    for rule in rules:
        grouped.setdefault(rule.mark[:2].encode(), []).append(rule)
    return grouped


def _begins_run(rule: Rule) -> bool:
    if rule.before or not re.match(r"[\w-]{2}", rule.mark) or _SHORT_FIRST.match(rule.mark):
        return False
    return not _BASE64.match(rule.pattern.pattern.partition(re.escape(rule.mark))[2])


# The first part of such a token is too short for a run that is worth a look.
_SHORT_FIRST = re.compile(r"[\w-]{1,20}[^\w-]")
# A slash or a plus of Base64 may end the run after a few letters.
_BASE64 = re.compile(r"\[[^\]]*\+/")
_BEGINNINGS = _by_beginning(rule for rule in RULES if _begins_run(rule))
_FIRST_WORD = re.compile(r"\W?([A-Za-z]+)[^A-Za-z]")


def _word_of(rule: Rule) -> bytes | None:
    """Find a word, in lower case, that a text has wherever it has the rule's mark."""
    word = _FIRST_WORD.match(rule.mark)
    return word[1].lower().encode() if word else None


_ELSEWHERE = tuple((rule, _word_of(rule)) for rule in RULES if not _begins_run(rule))
_TELLING_WORDS = frozenset({b"hooks", b"webhook", b"webhooks", b"amzn", b"access", b"private", b"appid", b"mask"})
# Of tokens all whose runs are digits or hexadecimal.
_PLAIN_MARKS = ("/1", "0/")
_PLAIN_RUN = re.compile(rb"[a-z_-]*|[0-9_-]*|[A-Z_]*|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,40}")


def find_vendor_tokens(text: str, words: Set[bytes]) -> Iterator[tuple[int, int]]:
    """Find the tokens of vendors in a text of these words. Quick where no run of letters and digits is long enough."""
    raw = text.encode("utf-8", "replace")
    runs: set[bytes] = set()
    has_mark = False
    if _LONG_RUN in raw.translate(_MASK):
        runs = {run for run in raw.translate(_RUN_BYTES).split() if len(run) >= len(_LONG_RUN)}
        runs = {run for run in runs if not _PLAIN_RUN.fullmatch(run)}
        has_mark = any(mark in text for mark in _PLAIN_MARKS)
    if not runs and not has_mark and _TELLING_WORDS.isdisjoint(words):
        return
    for run in runs:
        yield from _find_at_beginning(text, run)
    for rule, word in _ELSEWHERE:
        if (word is None or word in words) and rule.mark in text:
            yield from _find_everywhere(text, rule)


def _find_at_beginning(text: str, run: bytes) -> Iterator[tuple[int, int]]:
    """Try the rules whose mark a run begins with, after the letters that an escape before it may have left."""
    for skipped in range(_ESCAPE + 1):
        for rule in _BEGINNINGS.get(run[skipped : skipped + 2], ()):
            for place in _places(text, run.decode()):
                found = rule.pattern.match(text, place + skipped)
                if found and rule.check(found[0]):
                    yield found.span()


def _places(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + len(part))


def _find_everywhere(text: str, rule: Rule) -> Iterator[tuple[int, int]]:
    place = text.find(rule.mark)
    while place >= 0:
        found = rule.pattern.match(text, place)
        begin = rule.begin(text, place) if found else None
        if found and begin is not None and rule.check(text[begin : found.end()]):
            yield begin, found.end()
        place = text.find(rule.mark, max(found.end() if found else 0, place + len(rule.mark)))


def begins_token(run: str) -> bool:
    """Say whether a run that was cut off may be the beginning of a token."""
    return any(run.startswith(rule.mark) for rule in RULES if not rule.before and len(rule.mark) > _ESCAPE)
