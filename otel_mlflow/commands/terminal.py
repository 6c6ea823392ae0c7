"""Tables and progress for people: with rich where it is installed, plain text where it is not."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

import click

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

BETWEEN = "  "
LEAST_ROOM = 40
"""Characters for the last column of a plain table, however narrow the terminal is."""


def has_rich() -> bool:
    """Whether `otel-mlflow[cli]` is installed."""
    return importlib.util.find_spec("rich") is not None


def printable(text: str) -> str:
    """A text in which nothing steers a terminal: names of traces and answers of backends are anybody's."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; without a head if all headings are empty."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if has_rich():
        _rich_table(title, headings, cells)
        return
    click.echo(title)
    _plain_table([list(headings), *cells] if any(headings) else cells)


@contextmanager
def progress(title: str, total: int) -> Generator[Callable[[int], None], None, None]:
    """Show how far something is, on standard error; call what is given with how much is done."""
    if has_rich():
        with _rich_progress(title, total) as show_in_rich:
            yield show_in_rich
        return
    bar: Any
    with click.progressbar(length=total, label=title, file=sys.stderr) as bar:

        def show(done: int) -> None:
            bar.update(done - bar.pos)

        yield show


def _plain_table(rows: list[list[str]]) -> None:
    """Columns side by side; the last one is broken where the terminal ends."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns[:-1]]
    room = max(LEAST_ROOM, shutil.get_terminal_size().columns - sum(widths) - len(BETWEEN) * len(widths))
    for *first, last in rows:
        broken = [part for line in last.splitlines() for part in textwrap.wrap(line, room)] or [""]
        for cells in zip_longest(*([cell] for cell in first), broken, fillvalue=""):
            padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
            click.echo(BETWEEN.join([*padded, cells[-1]]).rstrip())


def _rich_table(title: str, headings: Sequence[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=title, title_justify="left", show_header=any(headings))
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        # Not markup: a backend's answer may hold brackets.
        shown.add_row(*map(Text, row))
    Console().print(shown)


@contextmanager
def _rich_progress(title: str, total: int) -> Generator[Callable[[int], None], None, None]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, total=total)

        def show(done: int) -> None:
            bars.update(task, completed=done)

        yield show
