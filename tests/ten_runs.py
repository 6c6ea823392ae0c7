"""Runs `make test` ten times in a row, every other time beside a process that keeps one core busy.

`python -m tests.ten_runs [RUNS]` prints a line for each run; what pytest said is in the folder that it names at first.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.servers.process import busy_core

REPOSITORY = Path(__file__).resolve().parents[1]
MAKE = shutil.which("make") or "make"


def run_tests(log: Path) -> bool:
    """Run all tests; tell whether they are green."""
    with log.open("w", encoding="utf-8") as out:
        return subprocess.run([MAKE, "test"], cwd=REPOSITORY, stdout=out, stderr=out, check=False).returncode == 0


def summary(log: Path) -> str:
    """How many tests passed, as pytest says it at last; what make says where there is no such line."""
    lines = log.read_text(encoding="utf-8").splitlines() or [""]
    return next((line for line in reversed(lines) if " passed" in line), lines[-1]).strip("= ")


def say(text: str) -> None:
    """Write a line at once: the next one may take a quarter of an hour."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run_and_report(log: Path, *, busy: bool) -> bool:
    """Run all tests, beside a process that keeps a core busy or alone, and say how that went."""
    began = time.monotonic()
    if busy:
        with busy_core():
            green = run_tests(log)
    else:
        green = run_tests(log)
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    words = ("green" if green else "RED", "beside a busy process" if busy else "alone", f"{minutes} min {seconds} s")
    say(f"{log.stem}: {', '.join(words)} ({summary(log)})")
    return green


def main() -> None:
    """Exit code 1 where one of them was red."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    folder = Path(tempfile.mkdtemp(prefix="ten-runs-"))
    say(f"in {folder}")
    green = [run_and_report(folder / f"{number}.log", busy=number % 2 == 0) for number in range(1, runs + 1)]
    say(f"{sum(green)} of {runs} green")
    sys.exit(not all(green))


if __name__ == "__main__":
    main()
