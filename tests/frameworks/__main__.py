"""Build the environments, run the matrix, write docs/frameworks.md: `python -m tests.frameworks [ARGUMENT …]`.

`--part=3` runs a third of the rows, another one each day, and installs only what those need; `--part=2/3` the second
third. Other arguments are pytest's.
"""

from __future__ import annotations

import argparse
import datetime
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.frameworks import document
from tests.frameworks.environments import ENVIRONMENTS, ROOT, build
from tests.frameworks.framework import COLUMNS
from tests.frameworks.parts import Part, rows_of
from tests.frameworks.rows import ROWS, Row

_TEST = "tests/frameworks/test_frameworks.py::test_a_call_is_one_span_in_the_trace_of_its_request"


def main(arguments: list[str]) -> int:
    """Answer pytest's exit code. The document is written when all was run."""
    part, others = _read(arguments)
    rows = rows_of(part, ROWS) if part is not None else ROWS
    installed = _install(rows)
    begun = time.monotonic()
    failed = _run(rows, others)
    ran = time.monotonic() - begun
    sys.stdout.write(f"{len(rows)} of {len(ROWS)} rows: installed in {installed:.0f} s, ran {ran:.0f} s\n")
    if not arguments:
        document.write()
    return failed


def _read(arguments: list[str]) -> tuple[Part | None, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m tests.frameworks", usage="%(prog)s [--part N|K/N] [ARGUMENT …]")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    parser.add_argument("--part", type=lambda text: Part.parse(text, today.toordinal()))
    known, others = parser.parse_known_args(arguments)
    return known.part, others


def _install(rows: Sequence[Row]) -> float:
    """Answer the seconds that it took."""
    begun = time.monotonic()
    for name in dict.fromkeys(row.environment for row in rows):
        build(ENVIRONMENTS[name])
    return time.monotonic() - begun


def _run(rows: Sequence[Row], arguments: Sequence[str]) -> int:
    cells = [f"{_TEST}[{row.name}-{column}]" for row in rows for column in COLUMNS]
    command = [sys.executable, "-m", "pytest", "-m", "frameworks", "-n", "2", *arguments, *cells]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
