"""The shape of one kind of a vendor's token, and the checks that tell a token from words of that shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

W = "[0-9A-Za-z_-]"
A = "[0-9A-Za-z]"
_LONGEST_LOOKED_AT = 4096
_BEFORE = r"(?:(?<![0-9A-Za-z_+-])|(?<=\\[nrt])|(?<=%3[ADad])|(?<=%2[02Ff]))"


def has_digit(token: str) -> bool:
    """Say whether a token is more than words."""
    return any(map(str.isdigit, token[:_LONGEST_LOOKED_AT]))


def has_mix(token: str) -> bool:
    """Say whether a token has letters and digits, or both cases in a run that no word has."""
    body = token.rpartition("_")[2] or token
    return has_digit(token) or (body != body.lower() and body != body.upper() and len(body) >= 20)


def has_many_kinds(token: str) -> bool:
    """Say whether a token has enough different characters to be random: no `sk-aaaaaaaaaaaaaaaa1`."""
    return has_digit(token) and len(set(token)) >= 8


class Rule(NamedTuple):
    """The shape of one kind of token: `head`, at most `before` characters long, then `mark`, then the rest."""

    vendor: str
    mark: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool]
    before: int
    head: re.Pattern[str]

    def begin(self, text: str, place: int) -> int | None:
        """Find where the token begins whose mark is at a place."""
        start = max(place - self.before - _CONTEXT, 0)
        found = self.head.search(text[start:place])
        return start + found.start() if found else None


_CONTEXT = 4
"""Characters before a token that say whether it begins there."""


def rule(
    vendor: str, mark: str, rest: str, check: Callable[[str], bool] = has_mix, *, before: int = 0, head: str = ""
) -> Rule:
    """Write a rule: `rest` is the pattern of what follows the mark."""
    begins_here = "" if before or not re.match(r"\w", mark) else _BEFORE
    pattern = re.compile(f"{begins_here}{re.escape(mark)}{rest}", re.ASCII)
    return Rule(vendor, mark, pattern, check, before, re.compile(f"{_BEFORE if before else ''}{head}\\Z", re.ASCII))


def always(_: str) -> bool:
    """Say that whatever has the shape is a token."""
    return True
