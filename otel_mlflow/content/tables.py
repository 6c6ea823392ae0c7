"""Secrets in the columns of a table: CSV and its kin, Markdown, psql, and columns that are lined up with spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.credentials import is_credential, is_placeholder, is_word
from otel_mlflow.content.mentions import Mention
from otel_mlflow.content.name_rules import Strength

Range = tuple[int, int]

_DELIMITERS = ("|", "\t", ";", ",", "│")
_LONGEST_NAME = 40
_HEADER_CELL = re.compile(r"""\s*["'`*]{0,2}[^\W\d][\w .()/#-]{0,39}["'`*]{0,2}\s*""")
_RULE = re.compile(r"[\s|+:=│┼─-]*")
_WORD = re.compile(r"\S+")
_COLUMNS = re.compile(r"\S+(?: \S+)*")
_MOST_LINES = 20_000


def find_in_tables(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find what stands below the name of a secret that is the head of a column."""
    seen: set[int] = set()
    for mention in mentions:
        start = text.rfind("\n", 0, mention.start) + 1
        end = text.find("\n", mention.end)
        if end < 0 or start in seen:
            continue
        header = text[start:end]
        heads = [m for m in mentions if start <= m.start < end] if len(header) < 2000 else []
        delimiter = next((mark for mark in _DELIMITERS if mark in header), None)
        found = _delimited(text, (start, end), heads, delimiter) if delimiter else _aligned(text, (start, end), heads)
        if found is not None:
            seen.add(start)
            yield from found


def _delimited(text: str, header: Range, heads: list[Mention], delimiter: str) -> Iterator[Range] | None:
    split = _splitter(delimiter)
    cells = list(_cells(text, header, split))
    contents = [text[slice(*cell)] for cell in cells]
    if len(cells) < 2 or not all(not cell.strip() or _HEADER_CELL.fullmatch(cell) for cell in contents):
        return None
    columns = {
        place: head.strength
        for place, (start, end) in enumerate(cells)
        for head in heads
        if start <= head.start < end and len(text[start:end].strip(" \"'`*\r")) <= head.end - head.start + len("my ")
    }
    return _below(text, header[1] + 1, columns, split, len(cells)) if columns else None


def _below(
    text: str, start: int, columns: dict[int, int], split: re.Pattern[str], count: int
) -> Iterator[Range]:
    for row in _rows(text, start):
        if _RULE.fullmatch(text, *row):
            continue
        cells = list(_cells(text, row, split))
        if len(cells) != count and not (len(cells) > 1 and row[1] == len(text)):
            return
        for place, strength in columns.items():
            if place < len(cells) and (found := _secret(text, cells[place], strength)):
                yield found


def _rows(text: str, start: int) -> Iterator[Range]:
    for _ in range(_MOST_LINES):
        end = text.find("\n", start)
        stop = end if end >= 0 else len(text)
        if not text[start:stop].strip():
            return
        yield start, stop
        if end < 0:
            return
        start = end + 1


def _splitter(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    return re.compile(rf'[ ]*"(?:[^"\n]|"")*"[ ]*(?=[{mark}\r\n]|\Z)|[^{mark}\r\n]*')


def _cells(text: str, row: Range, split: re.Pattern[str]) -> Iterator[Range]:
    place, end = row
    while place <= end:
        cell = split.match(text, place, end)
        stop = cell.end() if cell else place
        yield place, stop
        place = max(stop, place) + 1


def _secret(text: str, cell: Range, strength: int) -> Range | None:
    content = text[slice(*cell)]
    bare = content.strip(" \"'`*\r")
    if not bare or is_placeholder(bare) or (strength <= Strength.CREDENTIALS and not is_credential(bare)):
        return None
    start = cell[0] + content.index(bare)
    return start, start + len(bare)


def _aligned(text: str, header: Range, heads: list[Mention]) -> Iterator[Range] | None:
    """Find columns whose head and values begin, or end, at the same place of their lines."""
    words = list(_COLUMNS.finditer(text, *header)) if "  " in text[slice(*header)] else []
    words = [word for word in words if "  " not in word[0]]
    columns = [(head, word) for head in heads for word in _WORD.finditer(text, *header) if word.start() == head.start]
    if not words or not columns:
        return None
    return _lined_up(text, header, columns)


def _lined_up(text: str, header: Range, columns: list[tuple[Mention, re.Match[str]]]) -> Iterator[Range]:
    for start, end in _rows(text, header[1] + 1):
        for head, word in columns:
            first, last = word.start() - header[0], word.end() - header[0]
            for cell in _WORD.finditer(text, start, end):
                if first in (cell.start() - start,) or last == cell.end() - start:
                    if _is_secret_word(cell[0], head.strength):
                        yield cell.span()


def _is_secret_word(word: str, strength: int) -> bool:
    if is_placeholder(word):
        return False
    return is_credential(word) if strength <= Strength.CREDENTIALS else not is_word(word)
