"""Which names hold secrets.

An entry of `redact_keys` matches a whole name. Case does not matter; `*` stands for anything; `_`, `-`, `.` and a
space stand for any one of them or for none (`api_key` is `apiKey` and `API-Key`; `X-Api-Key` needs `*api_key`).
A number at the end of a name is passed over (`token_2`), and so are the brackets in `user[token]`.

The entry `default` stands for a vocabulary, by whose words a name is judged (`name_rules.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from otel_mlflow.content import vocabulary
from otel_mlflow.content.credentials import (
    is_credential,
    is_dummy,
    is_more_than_words,
    is_placeholder,
    is_public_key,
    is_reference,
    is_type,
)
from otel_mlflow.content.name_rules import HINTS, Strength, is_label, judge_variable, judge_words
from otel_mlflow.content.words import fold, split_words

REDACTED = "[redacted]"
DEFAULT = "default"

_NOTHING = "(?!)"
_SEPARATOR = "[-_. ]"
_NUMBER = rf"(?:{_SEPARATOR}?\d+)?"
_AROUND = " \t\r\n\"'[]"
# Longer ones are judged by their end, so that a strange name cannot cost much.
_LONGEST_NAME = 200
_LONG_WORD = 5
# Too short to be looked for in longer words.
_WHOLE_WORDS = frozenset(
    {"sas", "nip", "tan", "sid", "sig", "jws", "jwe", "csc", "pat", "salt", "ott", "tok", "fa", "wif"}
)
_LEAST_NUMBER = 100_000
_LEAST_CODE = 100
_SHORTEST_SECRET = len("abcd")
"""With a capital alone: `{"secret": "Top"}` is a word."""
_FLAGS = re.IGNORECASE | re.DOTALL


class SecretNames:
    """The entries of `redact_keys`, compiled. It never changes, but for what it remembers having been asked."""

    def __init__(self, entries: Iterable[str]) -> None:
        entries = tuple(entries)
        own = [entry for entry in entries if entry.strip().lower() != DEFAULT]
        self._has_default = len(own) < len(entries)
        self._own = re.compile(_any_of(map(_translated, own)) + _NUMBER, _FLAGS)
        self._stems = tuple(word for entry in own for word in _longest_word(entry))
        self._strengths = _Remembered(self._judge)
        self._hints = _Remembered(self._is_hint)

    def __contains__(self, name: object) -> bool:
        return self.strength(name) > Strength.NOTHING

    def strength(self, name: object) -> int:
        """Say what is hidden under a name."""
        return self._strengths[name]

    def hide(self, name: object, value: object) -> bool:
        """Say whether a value is to be hidden because of its name.

        What is true, false or null under such a name says whether there is a secret, not which.
        """
        return bool(strength := self._strengths[name]) and is_hidden(strength, value)

    def hinted_in(self, words: Iterable[bytes]) -> list[str]:
        """List those of a text's words that may be part of such a name; for most texts none."""
        hints = self._hints
        return [word.decode("utf-8", "replace") for word in words if hints[word]]

    def _judge(self, name: object) -> int:
        if not isinstance(name, str):
            return Strength.NOTHING
        name = name[-_LONGEST_NAME:].strip(_AROUND)
        if self._own.fullmatch(name):
            return Strength.ALL
        if not self._has_default:
            return Strength.NOTHING
        return max(judge_words(split_words(name)), judge_variable(name))

    def _is_hint(self, raw: object) -> int:
        word = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
        if any(stem in word for stem in self._stems):
            return True
        if not self._has_default:
            return False
        if len(word) > _LONGEST_NAME:
            return True
        folded = fold(word)
        if folded in _WORDS or folded.startswith(_AT_AN_END) or folded.endswith(_AT_AN_END):
            return True
        return any(part in folded for part in _INSIDE)


_WORDS = {
    *map(fold, (*vocabulary.PASSWORDS, *vocabulary.SINGLE, *vocabulary.CODES, *vocabulary.OPAQUE)),
    *map(fold, vocabulary.SCRIPTS_WITHOUT_SPACES),
    *HINTS,
}
# What a word in lower case may have in it, or at one of its ends, that was a word of a name in camel case.
_INSIDE = tuple(word for word in _WORDS if len(word) >= _LONG_WORD or (len(word) > 1 and word[0] > "\u0590"))
_AT_AN_END = tuple(word for word in _WORDS if len(word) < _LONG_WORD and word not in _WHOLE_WORDS)


def is_hidden(strength: int, value: object) -> bool:
    """Say whether a value is hidden where its name has this strength."""
    if value is None or isinstance(value, bool) or not strength:
        return False
    if isinstance(value, (int, float)):
        return _is_hidden_number(strength, value)
    if isinstance(value, str):
        return bool(value) and not is_placeholder(value) and _is_hidden_text(strength, value)
    return strength > Strength.CODES and bool(value)


def _is_hidden_number(strength: int, value: float) -> bool:
    if strength == Strength.CODES:
        return isinstance(value, int) and abs(value) >= _LEAST_CODE
    return strength == Strength.ALL or (strength == Strength.TEXTS and abs(value) >= _LEAST_NUMBER)


def _is_hidden_text(strength: int, value: str) -> bool:
    if strength == Strength.CREDENTIALS:
        return is_credential(value)
    if strength == Strength.CODES:
        return is_more_than_words(value)
    is_word = strength < Strength.ALL and len(value) < _SHORTEST_SECRET and value.istitle() and value.isalpha()
    is_elsewhere = strength < Strength.ALL and (is_reference(value) or is_public_key(value) or is_dummy(value))
    return not (is_word or is_elsewhere or is_label(value) or is_type(value, whole=True))


class _Remembered(dict[Any, int]):
    """Remembers verdicts. The same few names come with every request; of the others not too many are kept."""

    most = 4096
    longest = 64

    def __init__(self, judge: Callable[[object], int]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, name: object) -> int:
        if not isinstance(name, (str, bytes)):
            return 0
        verdict = self._judge(name)
        if len(name) <= self.longest:
            if len(self) >= self.most:
                self.clear()
            self[name] = verdict
        return verdict


def _any_of(expressions: Iterable[str]) -> str:
    return f"(?:{'|'.join(expressions) or _NOTHING})"


def _translated(entry: str) -> str:
    return "".join(".*" if char == "*" else f"{_SEPARATOR}?" if char in "-_. " else re.escape(char) for char in entry)


def _longest_word(entry: str) -> list[str]:
    """Choose the longest word of an entry: it is in every text that has such a name."""
    words = re.findall(r"[^\W\d_]+", entry.lower())
    return [max(words, key=len)] if words else [""]
