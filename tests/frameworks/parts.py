"""A part of the rows, so that one run of CI can pay for it: over some days every row has its turn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Named(Protocol):
    """A row, of this matrix or another."""

    @property
    def name(self) -> str:
        """What the row is called."""


RowT = TypeVar("RowT", bound=Named)


@dataclass(frozen=True)
class Part:
    """The `number`th of `count` parts, from 1 on."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str, day: int) -> Part:
        """`3`: the third of that day; `2/3`: the second third. Raises `ValueError` for anything else."""
        named, slash, count = text.partition("/")
        parts = int(count if slash else named)
        if parts < 1 or (slash and not 1 <= int(named) <= parts):
            raise ValueError(text)
        return cls(int(named) if slash else day % parts + 1, parts)


def rows_of(part: Part, rows: Sequence[RowT]) -> Sequence[RowT]:
    """The rows of a part, which are about as many in each: by the hash of their names, not by where they stand."""
    shuffled = sorted(rows, key=lambda row: hashlib.sha256(row.name.encode()).digest())
    chosen = {row.name for row in shuffled[part.number - 1 :: part.count]}
    return [row for row in rows if row.name in chosen]
