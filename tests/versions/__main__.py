"""Try every environment of the matrix, and write what came of it below the hand-written part of docs/compatibility.md.

`python -m tests.versions [NAME …]`, with `VERSIONS_PERCENT=100` for all tests in place of a part of them. `--part=5`
tries a fifth of the environments, another one each day; `--part=2/5` the second fifth.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.frameworks.parts import Part, rows_of
from tests.versions.bounded import run_bounded
from tests.versions.building import FOLDER, ROOT, NotHereError, build, interpreter_of
from tests.versions.environments import ENVIRONMENTS, Environment
from tests.versions.wheel import trouble_with_wheel

PERCENT = "12"
"""Of the tests, so that the whole matrix takes a quarter of an hour on two cores."""

TIMEOUT = 900
"""Seconds for the tests of one environment."""

TESTS = ("tests/unit", "tests/acceptance/test_shapes.py", "tests/conformance")
DOCUMENT = ROOT / "docs" / "compatibility.md"
BEGIN = "<!-- made by `make versions` from here on -->"
_COUNTED = re.compile(r"(\d+) (passed|failed|error)")


@dataclass(frozen=True)
class Result:
    """What came of one environment."""

    environment: Environment
    verdict: str
    detail: str


def main(arguments: list[str]) -> int:
    """Try those named, all by default; 1 where a test failed. The document is written when all were tried."""
    results = [_tried(each) for each in chosen(arguments)]
    if not arguments:
        above = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[0].rstrip()
        DOCUMENT.write_text(f"{above}\n\n{_section(results)}", encoding="utf-8")
    return int(any(result.verdict == "failed" for result in results))


def chosen(arguments: list[str]) -> Sequence[Environment]:
    """The environments that are named, or those of a part."""
    parser = argparse.ArgumentParser(prog="python -m tests.versions")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    parser.add_argument("--part", type=lambda text: Part.parse(text, today.toordinal()), default=Part(1, 1))
    parser.add_argument("names", nargs="*", choices=[[], *(each.name for each in ENVIRONMENTS)], metavar="NAME")
    given = parser.parse_args(arguments)
    named = [each for each in ENVIRONMENTS if not given.names or each.name in given.names]
    return rows_of(given.part, named)


def _tried(environment: Environment) -> Result:
    started = time.monotonic()
    try:
        result = _run(environment, build(environment))
    except NotHereError as error:
        result = Result(environment, "skipped", str(error))
    sys.stdout.write(f"{environment.name}: {result.verdict}, {result.detail} ({time.monotonic() - started:.0f} s)\n")
    sys.stdout.flush()
    return result


def _run(environment: Environment, python: Path) -> Result:
    command = [str(python), "-m", "pytest", *TESTS, "-q", "-n", "2", "-p", "tests.versions.part"]
    # MLflow says so of a wheel that is laid over its skinny twin.
    command += ["-p", "no:cacheprovider", "-W", "ignore:Versions of mlflow"]
    wanted = {"VERSIONS_PERCENT": PERCENT, **os.environ}
    log = ROOT / ".venv-versions" / f"{environment.name}.log"
    code = run_bounded(command, folder=ROOT, environment=wanted, log=log, seconds=TIMEOUT)
    if code is None:
        return Result(environment, "failed", f"not through after {TIMEOUT} s, see {log.name}")
    detail = _counted(log.read_text(encoding="utf-8")) or f"see {log.name}"
    if code or environment.python is None:
        return Result(environment, "failed" if code else "passed", detail)
    return _with_wheel(environment, environment.python, detail)


def _with_wheel(environment: Environment, python: str, detail: str) -> Result:
    """The tests run with the project as it lies here: the wheel is tried by itself."""
    trouble = trouble_with_wheel(FOLDER / f"{environment.name}-wheel", interpreter_of(python))
    return Result(environment, "failed" if trouble else "passed", f"{detail}; {trouble or 'the wheel serves'}")


def _counted(output: str) -> str:
    """How many tests did what, by pytest's last line: what ends later may write below it."""
    last = next((line for line in reversed(output.splitlines()) if _COUNTED.search(line)), "")
    return ", ".join(f"{number} {what}" for number, what in sorted(_COUNTED.findall(last), key=lambda found: found[1]))


def _section(results: list[Result]) -> str:
    rows = [
        f"| {each.environment.package} {each.environment.version} | {each.verdict} | {each.detail} |"
        for each in results
    ]
    return "\n".join(
        [
            BEGIN,
            "",
            "## Versions",
            "",
            "Unit tests and shapes of requests, a part of them chosen by hash where all are",
            "too much for a quarter of an hour, and the comparison with MLflow alone. All else is as locked. On each",
            "other Python the wheel is installed into an empty environment, serves a request and delivers its trace.",
            "",
            "| with | verdict | tests |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
