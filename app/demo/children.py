"""Child processes of the demo: each in a process group of its own, and none left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

POLL_SECONDS = 0.2
STOP_SECONDS = 15.0
LOG_TAIL_LINES = 25


class DemoError(Exception):
    """The demo cannot go on; the message says what failed, what was seen, and what to do."""


class Child:
    """A running program. Leaving the `with` block ends it and everything that it started."""

    def __init__(self, name: str, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._log = folder / f"{name.lower().replace(' ', '-')}.log"
        with self._log.open("wb") as log:
            # A group of its own: Ctrl-C in the terminal reaches us alone, and we stop the children in order.
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """The child is running already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it, whatever happened."""
        self.stop()

    def wait_until_nothing(self, missing: Callable[[], str], *, seconds: float) -> None:
        """Poll until nothing is missing. Raises `DemoError`, with what is and the log's end, when that cannot be."""
        deadline = time.monotonic() + seconds
        while lacking := missing():
            self.check()
            if time.monotonic() > deadline:
                raise DemoError(f"Waited {seconds:.0f} s in vain: {lacking}\n{self._last_words()}")
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Raise `DemoError` if the child has ended."""
        code = self._process.poll()
        if code is not None:
            raise DemoError(f"{self.name} ended by itself, exit code {code}.\n{self._last_words()}")

    def stop(self) -> None:
        """Ask the whole group to end, wait, and kill what has not ended."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._is_alive() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS / 4)
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _is_alive(self) -> bool:
        self._process.poll()  # without this the ended child itself would count as alive
        return self._signal(0)

    def _signal(self, number: int) -> bool:
        """Signal the group; say whether there still is one."""
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return False
        return True

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join([f"The end of its log, {self._log}:", *(f"  | {line}" for line in lines)])
