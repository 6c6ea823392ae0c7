"""The Python of every page runs, top down, as one program; comments that are not shown check what it did."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.manual.markdown import PAGES, ROOT, blocks_of, text_of
from tests.servers.process import clean_environment

PRELUDES = {
    "docs/ops.md": "import os; import otel_mlflow; from fastapi import FastAPI; app = FastAPI()",
}
"""What a page takes for granted, on its first line."""

NEED_A_STORE = {"docs/guides/evaluation.md"}
"""Pages that read back what was traced: theirs is delivered to a store, and not captured."""

WITH_PYTHON = [
    pytest.param(page, marks=pytest.mark.soak if page in NEED_A_STORE else ())
    for page in PAGES
    if any(block.language == "python" for block in blocks_of(page))
]


class PageProcess:
    """The process that runs pages."""

    def __init__(self, folder: Path) -> None:
        environment = {
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            # Nothing listens there: what a page does is captured, and goes nowhere.
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
            "OPS_TOKEN": "of-the-manual",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.manual.page_process"],
            cwd=folder,
            env=clean_environment(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, page: str, source: str, folder: Path) -> str:
        """Run it; what went wrong."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"page": page, "source": source, "folder": str(folder), "needs_a_store": page in NEED_A_STORE}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        failure: str = json.loads(self._process.stdout.readline())
        return failure

    def end(self) -> None:
        """End it, by the end of its input."""
        self._process.communicate(timeout=30)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageProcess]:
    """One for all pages: importing takes longer than running."""
    process = PageProcess(tmp_path_factory.mktemp("manual"))
    yield process
    process.end()


@pytest.mark.parametrize("page", WITH_PYTHON)
def test_the_python_of_a_page_runs(page: str, process: PageProcess, tmp_path: Path) -> None:
    """In an empty folder, without a server; lines that fail are named by their number in the page."""
    for block in blocks_of(page):
        if block.title.endswith(".py"):
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    if failure := process.run(page, source_of(page), tmp_path):
        pytest.fail(failure, pytrace=False)


def source_of(page: str) -> str:
    """The page with everything but its Python left blank, so that line numbers are the page's."""
    lines = [""] * (len(text_of(page).splitlines()) + 1)
    lines[0] = PRELUDES.get(page, "")
    for block in blocks_of(page):
        if block.language == "python":
            for number, line in enumerate(block.text.splitlines(), block.line - 1):
                lines[number] = line
    return "\n".join(lines)
