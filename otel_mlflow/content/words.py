"""The words of a name: without case, accents and separators."""

from __future__ import annotations

import re
import unicodedata

from otel_mlflow.content.vocabulary import LOOKALIKES

_MARKS = frozenset({"Mn", "Mc"})
_WORD = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")


def split_words(name: str) -> list[str]:
    """Split a name in any case (`client_secret`, `clientSecret`, `CLIENT-SECRET`) into folded words."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
        if any("a" <= char <= "z" for char in name.lower()):
            name = name.translate(LOOKALIKES)
    return [fold(word) for word in _WORD.findall(_without_marks(name))]


def fold(word: str) -> str:
    """Write a word without accents and in lower case; Cyrillic letters in a Latin word as those they look like."""
    if word.isascii():
        return word.lower()
    plain = _without_marks(word.lower())
    if any("a" <= char <= "z" for char in plain):
        plain = plain.translate(LOOKALIKES)
    return plain


def _without_marks(name: str) -> str:
    if name.isascii():
        return name
    return "".join(char for char in unicodedata.normalize("NFKD", name) if unicodedata.category(char) not in _MARKS)
