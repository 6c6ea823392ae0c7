"""The README's picture is of a trace as the slide agent makes it today."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from html import unescape
from pathlib import Path

from tests.manual.markdown import ROOT
from tests.manual.trace_picture import PICTURE
from tests.servers.process import clean_environment

NAME = re.compile(r'data-depth="(\d+)">([^<]+)<')


def test_the_picture_shows_the_tree(tmp_path: Path) -> None:
    """Every span at its depth; times are those of the day on which it was drawn."""
    drawn = tmp_path / "trace.svg"
    subprocess.run(
        [sys.executable, "-m", "tests.manual.trace_picture", str(drawn)],
        env=clean_environment({"HOME": str(tmp_path)}),
        cwd=ROOT,
        check=True,
        timeout=120,
    )
    assert tree(PICTURE.read_text(encoding="utf-8")) == tree(drawn.read_text(encoding="utf-8"))


def tree(picture: str) -> Counter[tuple[str, str]]:
    """Depths and names. The agent's three questions run side by side, in any order."""
    return Counter((depth, unescape(name)) for depth, name in NAME.findall(picture))
