"""Try every environment of the matrix, and write what came of it below the hand-written part of docs/compatibility.md.

`python -m tests.versions [NAME …]`, with `VERSIONS_PERCENT=100` for all tests in place of a part of them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.versions.building import ROOT, NotHereError, build
from tests.versions.environments import ENVIRONMENTS, Environment

PERCENT = "12"
"""Of the tests, so that the whole matrix takes a quarter of an hour on two cores."""

TIMEOUT = 900
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


def main(names: list[str]) -> int:
    """Try those named, all by default; 1 where a test failed."""
    chosen = [each for each in ENVIRONMENTS if not names or each.name in names]
    results = [_tried(each) for each in chosen]
    if not names:
        above = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)[0].rstrip()
        DOCUMENT.write_text(f"{above}\n\n{_section(results)}", encoding="utf-8")
    return int(any(result.verdict == "failed" for result in results))


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
    with log.open("w", encoding="utf-8") as out:
        done = subprocess.run(command, cwd=ROOT, env=wanted, stdout=out, stderr=out, timeout=TIMEOUT, check=False)
    detail = _counted(log.read_text(encoding="utf-8")) or f"see {log.name}"
    return Result(environment, "failed" if done.returncode else "passed", detail)


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
            "too much for a quarter of an hour, and the comparison with MLflow alone. All else is as locked.",
            "",
            "| with | verdict | tests |",
            "| --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
