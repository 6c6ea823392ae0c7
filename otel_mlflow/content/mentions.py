"""Where a text names a secret: the words that may be part of a name are found first, and only there is it read."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from otel_mlflow.content import vocabulary
from otel_mlflow.content.credentials import is_credential
from otel_mlflow.content.name_rules import Strength
from otel_mlflow.content.names import SecretNames
from otel_mlflow.content.words import fold
from otel_mlflow.pacing import rest_if_due

_LETTERS = bytes(byte if chr(byte).isalpha() or byte > 127 else ord(" ") for byte in range(256))
_MOST_OF_A_NAME = 64
_start = attrgetter("start")
_NAME_AFTER = re.compile(r"(?:[\w$-]|\.(?!\.))*")
_WORDS_BEFORE = re.compile(r"(?:(?:[ -]+|['’:])\w+){1,3}")


def mentions_in(mentions: Sequence[Mention], start: int, end: int) -> Sequence[Mention]:
    """Choose those of the mentions, which are in order, that begin between two places."""
    first = bisect_left(mentions, start, key=_start)
    return mentions[first : bisect_left(mentions, end, first, key=_start)]


class Mention(NamedTuple):
    """The name of a secret in a text, and what is hidden under it."""

    start: int
    end: int
    strength: int


_ANY_WORD = "zzz"
_NONE = Mention(-1, -1, 0)


def lowered(text: str) -> str:
    """Write a text in lower case, each character in its place."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def words_in(lower: str) -> set[bytes]:
    """Collect the words of a text in lower case: what is left between all but letters."""
    return set(lower.encode("utf-8", "replace").translate(_LETTERS).split())


def find_mentions(text: str, lower: str, hints: Iterable[str], names: SecretNames) -> list[Mention]:
    """Find the names of secrets of which a hint is part of, in their order."""
    found: dict[int, Mention] = {}
    for hint in hints:
        if _is_harmless_key(text, lower, hint, names):
            continue
        for place in _places(lower, hint):
            for mention in _read(text, place, place + len(hint), names):
                if mention.end > found.get(mention.start, _NONE).end:
                    found[mention.start] = mention
    return [found[start] for start in sorted(found)]


def without(ranges: Sequence[tuple[int, int]], mentions: list[Mention]) -> list[Mention]:
    """Leave out the mentions inside of ranges that are hidden already."""
    inside = {mention for start, end in ranges for mention in mentions_in(mentions, start, end)}
    return [mention for mention in mentions if mention not in inside] if inside else mentions


def _is_harmless_key(text: str, lower: str, hint: str, names: SecretNames) -> bool:
    """Whether a word hides nothing, and comes only in quotes, where no other words make a name with it."""
    return hint.isascii() and text.count(f'"{hint}"') == lower.count(hint) and not names.strength(hint)


def _places(text: str, part: str) -> Iterator[int]:
    place = text.find(part)
    while place >= 0:
        yield place
        place = text.find(part, place + len(part))


def _read(text: str, start: int, end: int, names: SecretNames) -> Iterator[Mention]:
    """Read the names around a hint: as an identifier, or inside a script without spaces."""
    rest_if_due()
    if not text[start:end].isascii() and (found := list(_in_script(text, start, end, names))):
        yield from found
        return
    backwards = text[max(start - _MOST_OF_A_NAME, 0) : start][::-1]
    before, after = _NAME_AFTER.match(backwards), _NAME_AFTER.match(text, end, end + _MOST_OF_A_NAME)
    start -= len(before[0].rstrip("-.$_")) if before else 0
    name = text[start : after.end() if after else end].rstrip("-.$")
    if not name.isascii() and any(word in name for word in vocabulary.SCRIPTS_WITHOUT_SPACES):
        return
    strength, length = _strength(text, start, name, names)
    if strength:
        yield Mention(start - length, start + len(name), strength)


def _in_script(text: str, start: int, end: int, names: SecretNames) -> Iterator[Mention]:
    for word in vocabulary.SCRIPTS_WITHOUT_SPACES:
        place = text.find(word, start, end)
        if place >= 0 and word in names:
            yield Mention(place, place + len(word), Strength.TEXTS)


def _strength(text: str, start: int, name: str, names: SecretNames) -> tuple[int, int]:
    """Judge a name, with the words before it where they belong to it: `API key`, `mot de passe`, but `next token`.

    Answers the strength, and how many characters before the name belong to it.
    """
    strength = names.strength(name)
    # A credential has no name in it: what stands before it is the name.
    if text[start - 1 : start] not in (" ", "'", "’", ":") or start == 0 or is_credential(name):
        return strength, 0
    backwards = _WORDS_BEFORE.match(text[max(start - _MOST_OF_A_NAME, 0) : start][::-1])
    before = backwards[0][::-1] if backwards else ""
    words = list(re.finditer(r"\w+", before))
    if words and name.lower() == "pass" and words[-1][0].lower() == "to":
        return Strength.NOTHING, 0
    if words and name.lower() in ("token", "tokens"):
        return _strength_of_token(fold(words[-1][0]), strength), 0
    for count, word in enumerate(reversed(words), 1):
        if is_credential(word[0]):
            break
        phrase = names.strength(f"{before[word.start() :]}{name}")
        if phrase > strength:
            is_of_first_alone = phrase == names.strength(f"{before[word.start() :]}{_ANY_WORD}")
            if is_of_first_alone and (phrase == Strength.ALL or count > 1):
                break  # `password Bicycle`, `PIN for the alarm`
            return phrase, len(before) - word.start()
    return strength, 0


def _strength_of_token(owner: str, strength: int) -> int:
    if owner in vocabulary.TOKENS_OF_TEXT:
        return Strength.NOTHING
    return Strength.TEXTS if strength and owner in vocabulary.TOKEN_OWNERS else strength
