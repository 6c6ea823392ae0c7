"""A child process that logs to a file, lives in its own process group and is ended by that group's id."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

Found = TypeVar("Found")

BETWEEN_LOOKS = 0.03  # seconds
FOREIGN_SETTINGS = ("MLFLOW_", "OTEL_", "DATABRICKS_", "LANGCHAIN_", "LANGSMITH_")


def until(look: Callable[[], Found | None], *, seconds: float, waiting_for: Callable[[], str]) -> Found:
    """Look again and again until there is something (anything true) to return; fail the test after `seconds`."""
    if not (found := waited(look, seconds=seconds)):
        pytest.fail(f"waited {seconds:g} s in vain for {waiting_for()}", pytrace=False)
    return found


def waited(look: Callable[[], Found | None], *, seconds: float) -> Found | None:
    """The same for what may never come: returns the last look, whatever it was, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(BETWEEN_LOOKS)
    return found


@contextmanager
def busy_core() -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that does nothing but take time from the others."""
    idler = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield idler
    finally:
        idler.kill()
        idler.wait()


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Our environment without what would configure MLflow, OpenTelemetry or Databricks, and with `extra`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_SETTINGS)}
    quiet = {"PYTHONUNBUFFERED": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    return inherited | quiet | dict(extra)


def installed(program: str, package: str | None = None) -> str:
    """Where a program of Debian's is; the test is skipped where its package is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"needs Debian's {package or program} on the PATH")
    return found


class ChildProcess:
    """One command, running until `terminate()` or `kill()`."""

    def __init__(self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        self._log_path = folder / "server.log"
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=clean_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        """All that it has written to stdout and stderr so far."""
        return self._log_path.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; the negative signal number when a signal ended it."""
        return self._process.poll()

    def terminate(self, *, seconds: float = 20) -> int:
        """Ask it to end (SIGTERM, as a supervisor does) and return its exit code; what does not comply is killed."""
        self._signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return self.kill()
        finally:
            self._signal(signal.SIGKILL)

    def kill(self) -> int:
        """End it and its children with SIGKILL, as the kernel does when memory runs out; return the exit code."""
        self._signal(signal.SIGKILL)
        return self._process.wait(timeout=20)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return
