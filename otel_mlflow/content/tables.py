"""Secrets in the columns of a table: CSV and its kin, Markdown, psql, and columns that are lined up with spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from otel_mlflow.content.credentials import is_credential, is_placeholder, is_word
from otel_mlflow.content.mentions import Mention, mentions_in
from otel_mlflow.content.name_rules import Strength

Range = tuple[int, int]

_DELIMITERS = ("|", "\t", ";", ",", "│")
_LONGEST_HEADER = 2000
_HEADER_CELL = re.compile(r"""\s*["'`*]{0,2}[^\W\d][\w .()/#-]{0,39}["'`*]{0,2}\s*""")
_RULE = re.compile(r"[\s|+:=│┼─-]*")
_WORD = re.compile(r"\S+")
_MOST_LINES = 20_000


def find_in_tables(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find what stands below the name of a secret that is the head of a column."""
    done = 0
    for mention in mentions:
        start = text.rfind("\n", 0, mention.start) + 1
        end = text.find("\n", mention.end)
        if start < done or end < 0:
            continue
        done = end
        for found, row_end in _below_header(text, (start, end), mentions_in(mentions, start, end)):
            done = row_end
            yield found


def _below_header(text: str, header: Range, heads: Sequence[Mention]) -> Iterator[tuple[Range, int]]:
    line = text[slice(*header)]
    if len(line) > _LONGEST_HEADER:
        return
    delimiter = next((mark for mark in _DELIMITERS if mark in line), None)
    if delimiter is not None:
        yield from _delimited(text, header, heads, delimiter)
    elif "  " in line:
        yield from _aligned(text, header, heads)


def _delimited(text: str, header: Range, heads: Sequence[Mention], delimiter: str) -> Iterator[tuple[Range, int]]:
    split = _splitter(delimiter)
    cells = list(_cells(text, header, split))
    contents = [text[slice(*cell)] for cell in cells]
    if len(cells) < 2 or not all(not cell.strip() or _HEADER_CELL.fullmatch(cell) for cell in contents):
        return
    columns = {
        place: head.strength
        for place, (start, end) in enumerate(cells)
        for head in mentions_in(heads, start, end)
        if len(text[start:end].strip(" \"'`*\r")) <= head.end - head.start + len("my ")
    }
    for row in _rows(text, header[1] + 1) if columns else ():
        if _RULE.fullmatch(text, *row):
            continue
        cells = list(_cells(text, row, split))
        if len(cells) != len(contents) and not (len(cells) > 1 and row[1] == len(text)):
            return
        for place, strength in columns.items():
            if place < len(cells) and (found := _secret(text, cells[place], strength)):
                yield found, row[1]


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


def _aligned(text: str, header: Range, heads: Sequence[Mention]) -> Iterator[tuple[Range, int]]:
    """Find columns whose head and values begin, or end, at the same place of their lines."""
    words = {word.start(): word.end() for word in _WORD.finditer(text, *header)}
    columns = [(head, head.start - header[0], words[head.start] - header[0]) for head in heads if head.start in words]
    for start, end in _rows(text, header[1] + 1) if columns else ():
        for cell in _WORD.finditer(text, start, end):
            for head, first, last in columns:
                is_below = cell.start() - start == first or cell.end() - start == last
                if is_below and _is_secret_word(cell[0], head.strength):
                    yield cell.span(), end


def _is_secret_word(word: str, strength: int) -> bool:
    if is_placeholder(word):
        return False
    return is_credential(word) if strength <= Strength.CREDENTIALS else not is_word(word)
