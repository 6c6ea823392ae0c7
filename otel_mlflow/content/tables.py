"""Secrets in the columns of a table: CSV and its kin, Markdown, psql, and columns that are lined up with spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from otel_mlflow.content.credentials import (
    is_code,
    is_credential,
    is_placeholder,
    is_told_password,
    is_word,
    is_word_list,
)
from otel_mlflow.content.mentions import Mention, mentions_in
from otel_mlflow.content.name_rules import Strength
from otel_mlflow.content.names import is_hidden
from otel_mlflow.content.told import is_sent_code

Range = tuple[int, int]

_DELIMITERS = ("│┆┃║", "|", "\t", ";", ",")
_RULED = frozenset(_DELIMITERS[:2])
_LONGEST_HEADER = 2000
_HEADER_CELL = re.compile(r"""\s*["'`*]{0,2}[^\W\d][\w .()/#-]{0,39}["'`*]{0,2}\s*""")
_VALUE_HEADS = frozenset({"value", "wert", "valeur", "valor", "valore", "waarde", "значение", "値", "值"})
_RULE = re.compile(r"[\s|+:=\u2500-\u257f-]*")
_WORD = re.compile(r"\S+")
# Python's statement, also in a doctest.
_PASS = re.compile(r"(?:\.{3}|[ \t]*#)?\s*pass\s*(?:#.*)?")
# What no line of heads has, but most lines of a program.
_CODE = re.compile(r"[={};\"]|\w\(|>>>|\b(?:return|import|raise|yield)\b")
_MOST_LINES = 20_000


def find_in_tables(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find what stands below the name of a secret that is the head of a column, or beside one in a row of two cells."""
    done = 0
    # Of all tables together, so that no line costs more than its share.
    budget = iter(range(_MOST_LINES))
    for mention in mentions:
        start = text.rfind("\n", 0, mention.start) + 1
        if start < done:
            continue
        newline = text.find("\n", mention.end)
        done = newline if newline >= 0 else len(text)
        if beside := _beside(text, (start, done), mention):
            yield beside
        elif newline >= 0:
            for found, row_end in _below_header(text, (start, newline), mentions_in(mentions, start, newline), budget):
                done = row_end
                yield found


def _below_header(
    text: str, header: Range, heads: Sequence[Mention], budget: Iterator[int]
) -> Iterator[tuple[Range, int]]:
    line = text[slice(*header)]
    if len(line) > _LONGEST_HEADER or _PASS.fullmatch(line):
        return
    delimiter = _delimiter(line)
    if delimiter in _RULED and _is_below_head(text, header[0], delimiter):
        return
    if delimiter is not None:
        yield from _delimited(text, header, heads, delimiter, budget)
    elif _CODE.search(line):
        return
    elif "  " in line.strip() or _is_name_alone(line.strip(), heads):
        yield from _aligned(text, header, heads, budget)


def _is_below_head(text: str, start: int, delimiter: str) -> bool:
    """Say whether the line that begins at a place is a row: below a row of cells, or below the rule under one."""
    above = text[max(start - 2 * _LONGEST_HEADER, 0) : start].split("\n")[-2:-4:-1]
    rows = takewhile(
        lambda line: line.strip() and (_RULE.fullmatch(line) or any(map(line.__contains__, delimiter))), above
    )
    return any(not _RULE.fullmatch(row) for row in rows)


def _is_name_alone(line: str, heads: Sequence[Mention]) -> bool:
    """Say whether a line is the head of a single column."""
    return any(len(line) == head.end - head.start for head in heads)


def _delimiter(line: str) -> str | None:
    return next((marks for marks in _DELIMITERS if any(mark in line for mark in marks)), None)


def _delimited(
    text: str, header: Range, heads: Sequence[Mention], delimiter: str, budget: Iterator[int]
) -> Iterator[tuple[Range, int]]:
    split = _splitter(delimiter)
    cells = list(_cells(text, header, split))
    # A head in Jira's markup has two bars where a row has one.
    cells = cells[::2] if text.startswith("||", header[0]) else cells
    contents = [text[slice(*cell)] for cell in cells]
    fewest = 1 if delimiter in _RULED else 2
    is_table = len(cells) > 1 and sum(map(bool, map(str.strip, contents))) >= fewest
    if not is_table or not all(not cell.strip() or _HEADER_CELL.fullmatch(cell) for cell in contents):
        return
    columns = {
        place: head.strength
        for place, (start, end) in enumerate(cells)
        for head in mentions_in(heads, start, end)
        if _is_name(text[start:end], head)
    }
    for row in _rows(text, header[1] + 1, budget) if columns else ():
        if _RULE.fullmatch(text, *row):
            continue
        cells = list(_cells(text, row, split))
        if len(cells) != len(contents) and not (len(cells) > 1 and row[1] == len(text)):
            return
        for place, strength in columns.items():
            if place < len(cells) and (found := _secret(text, cells[place], strength)):
                yield found, row[1]


def _is_name(cell: str, name: Mention) -> bool:
    """Say whether a cell holds a name and hardly anything else."""
    return len(cell.strip(" \"'`*\r")) <= name.end - name.start + len("my ")


def _rows(text: str, start: int, budget: Iterator[int]) -> Iterator[Range]:
    for _ in budget:
        end = text.find("\n", start)
        stop = end if end >= 0 else len(text)
        if not text[start:stop].strip():
            return
        yield start, stop
        if end < 0:
            return
        start = end + 1


def _splitter(delimiters: str) -> re.Pattern[str]:
    mark = re.escape(delimiters)
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
    if not bare or not is_hidden(strength, int(bare) if bare.isdigit() and strength > Strength.CODES else bare):
        return None
    start = cell[0] + content.index(bare)
    return start, start + len(bare)


def _aligned(text: str, header: Range, heads: Sequence[Mention], budget: Iterator[int]) -> Iterator[tuple[Range, int]]:
    """Find columns that spaces separate: by the place in the line where there are as many cells, and by the edges.

    Rows may have one cell more than the header: the index of a data frame.
    """
    words = list(_WORD.finditer(text, *header))
    columns = [
        (head, place - len(words), word.start() - header[0], word.end() - header[0])
        for place, word in enumerate(words)
        for head in mentions_in(heads, word.start(), word.start() + 1)
    ]
    for start, end in _rows(text, header[1] + 1, budget) if columns else ():
        cells = list(_WORD.finditer(text, start, end))
        is_full = len(words) > 1 and len(cells) - len(words) in (0, 1)
        for place, cell in enumerate(cells, -len(cells)):
            for head, column, first, last in columns:
                is_below = cell.start() - start == first or cell.end() - start == last
                if (is_below or (is_full and place == column)) and _is_secret_word(cell[0], head.strength):
                    yield cell.span(), end


def _is_secret_word(word: str, strength: int) -> bool:
    if is_placeholder(word) or is_code(word.rstrip(",:;)")) or not any(map(str.isalnum, word)):
        return False
    if strength <= Strength.CODES:
        return is_hidden(strength, word)
    return not is_word(word) or (strength == Strength.ALL and is_word_list(word))


def _beside(text: str, row: Range, name: Mention) -> Range | None:
    """Find the secret in a row whose first cell names it, of two cells or below `value`: `| password | … |`."""
    line = text[slice(*row)]
    delimiter = _delimiter(line) if len(line) <= _LONGEST_HEADER else None
    if delimiter is None:
        return None
    cells = _full_cells(text, row, delimiter)
    is_named = len(cells) > 1 and cells[0][0] <= name.start < cells[0][1] and _is_name(text[slice(*cells[0])], name)
    is_pair = delimiter in _RULED and len(cells) == len(("name", "value"))
    if not is_named or not (is_pair or _is_below_value(text, row[0], delimiter)):
        return None
    value = _secret(text, cells[1], name.strength)
    told = text[slice(*value)] if value else ""
    is_code_sent = name.strength == Strength.CODES and is_sent_code(told)
    is_password = name.strength == Strength.ALL and is_told_password(told)
    is_secret = is_credential(told) or is_password or is_code_sent
    return value if is_secret else None


def _is_below_value(text: str, start: int, delimiter: str) -> bool:
    """Say whether the second column of the table that a line belongs to holds values, as its head says."""
    begin = max(start - _LONGEST_HEADER, 0)
    head = text.rfind("\n\n", begin, start) + 2 if "\n\n" in text[begin:start] else begin
    cells = _full_cells(text, (head, text.find("\n", head)), delimiter)
    return len(cells) > 1 and text[slice(*cells[1])].strip(" \"'`*\r").lower() in _VALUE_HEADS


def _full_cells(text: str, row: Range, delimiter: str) -> list[Range]:
    return [cell for cell in _cells(text, row, _splitter(delimiter)) if text[slice(*cell)].strip()]
