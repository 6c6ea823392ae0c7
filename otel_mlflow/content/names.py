"""Which names hold secrets.

An entry of `redact_keys` matches a whole name. Case does not matter; `*` stands for anything; `_`, `-`, `.` and a
space stand for any one of them or for none (`api_key` is `apiKey` and `API-Key`; `X-Api-Key` needs `*api_key`).
A number at the end of a name is passed over (`token_2`), and so are the brackets in `user[token]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

REDACTED = "[redacted]"

_NOTHING = "(?!)"
_SEPARATOR = "[-_. ]"
_NUMBER = rf"(?:{_SEPARATOR}?\d+)?"
_AROUND = " \t\r\n\"'[]"
# What may stand between a name and its value, or after a name in a list of pairs.
_AFTER_NAME = r"""(?:[\s\]]|%(?:25)*5d)*(?:[:=]|%(?:25)*(?:3a|3d|22)|\\*["']\s*[]:,}])"""
# Letters that need no escape and have one: no serializer does it, and it would hide a name.
_LETTER = "(?:4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a]|2d)"
# Longer ones are judged by their end, so that a strange name cannot cost much.
_LONGEST_NAME = 200


class SecretNames:
    """The entries of `redact_keys`, compiled. It never changes, but for what it remembers having been asked."""

    def __init__(self, entries: Iterable[str]) -> None:
        entries = tuple(entries)
        lowered = [entry.lower() for entry in entries]
        self._whole = re.compile(_any_of(_translated(entry, any_text=".*") for entry in entries) + _NUMBER, _FLAGS)
        self._stems = stems(lowered)
        self._mention = re.compile(name_in_text(lowered) + _AFTER_NAME)
        self._escape = re.compile(rf"\\u00{_LETTER}" if all(map(str.isascii, entries)) else r"\\u", re.IGNORECASE)
        self._encoded = re.compile(f"%{_LETTER}", re.IGNORECASE)
        self._verdicts = _Verdicts(self._matches)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._verdicts[name]

    def hide(self, name: object, value: object) -> bool:
        """Say whether a value is to be hidden because of its name.

        What is true, false or null under such a name says whether there is a secret, not which.
        """
        return value is not None and not isinstance(value, bool) and name in self

    def are_in(self, mapping: dict[Any, Any]) -> bool:
        """Say whether something in a mapping is to be hidden; quick when nothing is."""
        if True in map(self._verdicts.__getitem__, mapping) and any(self.hide(*item) for item in mapping.items()):
            return True
        return "value" in mapping and self.hide(_named_beside(mapping), mapping["value"])

    def masked(self, mapping: dict[Any, Any]) -> dict[Any, Any]:
        """Replace what is to be hidden in a mapping itself."""
        masked = {name: REDACTED if self.hide(name, value) else value for name, value in mapping.items()}
        if "value" in mapping and self.hide(_named_beside(mapping), mapping["value"]):
            masked["value"] = REDACTED
        return masked

    def are_mentioned_in(self, text: str, lowered: str) -> bool:
        """Say quickly whether such a name may have a value in a text: too often yes, never wrongly no."""
        if any(stem in lowered for stem in self._stems) and self._mention.search(lowered):
            return True
        if "\\u" in text and self._escape.search(text):
            return True
        return "%" in text and self._encoded.search(text) is not None

    def _matches(self, name: str) -> bool:
        return self._whole.fullmatch(name[-_LONGEST_NAME:].strip(_AROUND)) is not None


class _Verdicts(dict[Any, bool]):
    """Remembers which names match. The same few come with every request; of the others not too many are kept."""

    most = 4096
    longest = 64

    def __init__(self, matches: Callable[[str], bool]) -> None:
        super().__init__()
        self._matches = matches

    def __missing__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        verdict = self._matches(name)
        if len(name) <= self.longest:
            if len(self) >= self.most:
                self.clear()
            self[name] = verdict
        return verdict


_FLAGS = re.IGNORECASE | re.DOTALL


def name_in_text(entries: Iterable[str]) -> str:
    """Write an expression for such names inside a text; what `*` stands for before a name is left out."""
    return _any_of(_in_text(entry) for entry in entries)


def stems(entries: Iterable[str]) -> tuple[str, ...]:
    """Choose few words, in lower case, of which at least one is in every text that has such a name."""
    chosen: list[str] = []
    for entry in sorted(set(entries), key=lambda entry: (len(entry), entry)):
        words = re.findall(r"[^-_. *]+", entry)
        if not any(stem in word for stem in chosen for word in words):
            chosen.append(max(reversed(words), key=len))
    return tuple(chosen)


def _named_beside(mapping: dict[Any, Any]) -> object:
    """Recognise `{"name": "password", "value": "…"}`."""
    return mapping.get("name", mapping.get("key"))


def _any_of(expressions: Iterable[str]) -> str:
    return f"(?:{'|'.join(expressions) or _NOTHING})"


def _translated(entry: str, any_text: str) -> str:
    return "".join(
        any_text if char == "*" else f"{_SEPARATOR}?" if char in "-_. " else re.escape(char) for char in entry
    )


def _in_text(entry: str) -> str:
    before = "" if entry.startswith("*") else r"(?<![A-Za-z0-9_-])"
    after = r"[\w.-]{0,64}" if entry.endswith("*") else _NUMBER
    return before + _translated(entry.strip("*"), any_text=r"[\w.-]{0,64}") + after
