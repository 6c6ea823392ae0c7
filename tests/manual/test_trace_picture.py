"""The README's picture is of a trace as the slide agent makes it today."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from pathlib import Path

from tests.manual.trace_picture import PICTURE, drawn, traced_answer

NAME = re.compile(r'data-depth="(\d+)">([^<]+)<')


def test_the_picture_shows_the_tree(tmp_path: Path) -> None:
    """Every span at its depth; times are those of the day on which it was drawn."""
    assert tree(PICTURE.read_text(encoding="utf-8")) == tree(drawn(traced_answer(tmp_path)))


def tree(picture: str) -> Counter[tuple[str, str]]:
    """Depths and names. The agent's three questions run side by side, in any order."""
    return Counter((depth, unescape(name)) for depth, name in NAME.findall(picture))
