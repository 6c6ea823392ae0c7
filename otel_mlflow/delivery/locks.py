"""Advisory locks on files: the kernel gives them up with the process that holds them, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from otel_mlflow.delivery.private_folder import open_private


class FileLock:
    """A lock that several may share, or one hold alone. Not for several threads at once.

    Raises `OSError` when the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = open_private(path)

    @contextmanager
    def shared(self) -> Generator[None, None, None]:
        """Wait until nobody holds it alone."""
        lock_shared(self._descriptor)
        try:
            yield
        finally:
            unlock(self._descriptor)

    @contextmanager
    def alone(self) -> Generator[None, None, None]:
        """Wait until nobody holds it."""
        lock_alone(self._descriptor)
        try:
            yield
        finally:
            unlock(self._descriptor)

    def close(self) -> None:
        """Let go of the file. In a forked child this leaves the parent's lock alone."""
        os.close(self._descriptor)


if sys.platform == "win32":
    import msvcrt

    def try_lock_alone(descriptor: int) -> bool:
        """Take the lock if nobody holds it."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def lock_alone(descriptor: int) -> None:
        """Wait for the lock."""
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

    # Windows knows no shared lock for a byte of a file; those who would share take turns.
    lock_shared = lock_alone

    def unlock(descriptor: int) -> None:
        """Give the lock up."""
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def try_lock_alone(descriptor: int) -> bool:
        """Take the lock if nobody holds it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def lock_alone(descriptor: int) -> None:
        """Wait for the lock."""
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def lock_shared(descriptor: int) -> None:
        """Wait until nobody holds the lock alone."""
        fcntl.flock(descriptor, fcntl.LOCK_SH)

    def unlock(descriptor: int) -> None:
        """Give the lock up."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
