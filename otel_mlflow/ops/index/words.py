"""Texts as numbers, and back: each kind of text (routes, users, sessions …) is numbered from 1, and 0 is none."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from otel_mlflow.pacing import paced

AT_ONCE = 1000
"""Texts that are looked up in one go."""

LARGEST = "SELECT max(id) FROM word WHERE kind = ?"


class Words:
    """The numbers that an index has given to texts."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._numbers: dict[str, dict[str, int]] = defaultdict(dict)

    def learn(self, kind: str, texts: Iterable[str | None]) -> None:
        """Give numbers to those texts that have none yet."""
        known = self._numbers[kind]
        for text in {text for text in texts if text is not None} - known.keys():
            known[text] = self.number(kind, text) or self._give_number(kind, text)

    def learned(self, kind: str, text: str | None) -> int:
        """The number of a text that was learned; 0 of none."""
        return 0 if text is None else self._numbers[kind][text]

    def number(self, kind: str, text: str) -> int:
        """The number of a text; 0 where it has none."""
        found = self._db.execute("SELECT id FROM word WHERE kind = ? AND text = ?", (kind, text)).fetchone()
        return int(found[0]) if found is not None else 0

    def size(self, kind: str) -> int:
        """One more than the largest number."""
        return int(self._db.execute(LARGEST, (kind,)).fetchone()[0] or 0) + 1

    def texts(self, kind: str, numbers: Iterable[int]) -> dict[int, str]:
        """The texts of numbers."""
        wanted = list(numbers)
        asked = "SELECT id, text FROM word WHERE kind = ? AND id IN (SELECT value FROM json_each(?))"
        found: dict[int, str] = {}
        for start in paced(range(0, len(wanted), AT_ONCE)):
            some = json.dumps(wanted[start : start + AT_ONCE])
            found.update((row[0], row[1]) for row in self._db.execute(asked, (kind, some)))
        return found

    def _give_number(self, kind: str, text: str) -> int:
        number = self.size(kind)
        self._db.execute("INSERT INTO word VALUES (?, ?, ?)", (kind, number, text))
        return number
