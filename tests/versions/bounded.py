"""A command that is ended with all that it has started once its time is over."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TO_CLEAN_UP = 30.0
"""Seconds for pytest to tear down its fixtures, which end the servers: those are in sessions of their own."""


def run_bounded(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    seconds: float,
    to_clean_up: float = TO_CLEAN_UP,
) -> int | None:
    """Run the command, write what it says into `log`, and answer its exit code; None where its time was over.

    It is interrupted then, as by Ctrl-C: the command and what shares its session. What goes on after that is killed.
    """
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=_listen_to_interrupts,
        )
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:
            _end(process, to_clean_up)


def _listen_to_interrupts() -> None:
    """What a shell starts in the background ignores them, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _end(process: subprocess.Popen[bytes], to_clean_up: float) -> None:
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(timeout=to_clean_up)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _kill_group(process.pid)
        process.wait()


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
