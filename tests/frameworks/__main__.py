"""Build the environments, run the matrix, write docs/frameworks.md: `python -m tests.frameworks [ARGUMENT …]`."""

from __future__ import annotations

import subprocess
import sys

from tests.frameworks import document
from tests.frameworks.environments import ENVIRONMENTS, ROOT, build


def main(arguments: list[str]) -> int:
    """Answer pytest's exit code. The document is written when all was run."""
    for environment in ENVIRONMENTS.values():
        build(environment)
    command = [sys.executable, "-m", "pytest", "tests/frameworks", "-m", "frameworks", "-n", "2"]
    failed = subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode
    if not arguments:
        document.write()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
