"""Staying below the rates that Databricks publishes, together with all other processes of this host."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from otel_mlflow.delivery.clock import SYSTEM_CLOCK, Clock
from otel_mlflow.delivery.locks import lock_alone, unlock

CREATIONS_PER_SECOND = 150.0
"""Traces that the processes of one host create in a second, at most. The workspace takes 200 from all of its clients
(docs: "Resource limits", MLflow); what is more is answered with 429, after which delivery slows down by itself."""

FURTHEST_TURN = 10.0
"""Seconds. A turn further off was written before the machine was started, by a clock that is over."""

BYTES = 32
"""Room for the moment of the next turn, as text."""


class Rate:
    """Spreads calls over time: those of this process's threads, and of all processes that use the same `file`."""

    def __init__(self, per_second: float, clock: Clock = SYSTEM_CLOCK, file: Path | None = None) -> None:
        self._clock = clock
        self._between = 1.0 / per_second
        self._lock = threading.Lock()
        self._next = 0.0
        self._descriptor = _open(file) if file is not None else None

    def wait(self) -> None:
        """Return when it is this call's turn."""
        with self._lock:
            now = self._clock.monotonic()
            turn = self._take_turn(now)
        if turn > now:
            self._clock.sleep(turn - now)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _take_turn(self, now: float) -> float:
        """Take the next turn that nobody has. The clock is the machine's, the same in all processes."""
        if self._descriptor is None:
            turn = max(now, self._next)
            self._next = turn + self._between
            return turn
        lock_alone(self._descriptor)
        try:
            turn = max(now, _read(self._descriptor, now))
            _write(self._descriptor, turn + self._between)
        finally:
            unlock(self._descriptor)
        return turn


def rate_file(folder: Path, host: str) -> Path:
    """The file by which processes that send to the workspace at `host` share its rate."""
    return folder / f"databricks-rate-{hashlib.sha256(host.encode()).hexdigest()[:16]}"


def _open(file: Path) -> int | None:
    """None where the folder cannot be used: then this process keeps to the rate by itself."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError:
        return None


def _read(descriptor: int, now: float) -> float:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        turn = float(os.read(descriptor, BYTES) or 0)
    except ValueError:
        return now
    return turn if turn < now + FURTHEST_TURN else now


def _write(descriptor: int, turn: float) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, f"{turn:.6f}".ljust(BYTES).encode())
