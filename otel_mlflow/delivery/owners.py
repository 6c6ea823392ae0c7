"""Who is alive: every process that uses a spool holds a lock on a file of its own.

The kernel releases the lock when the process ends, however it ends, so that no clock is needed to tell the living
from the dead.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

SUFFIX = ".owner"


class Ownership:
    """This process's lock in a spool folder; `name` is what its records in the spool are marked with.

    Raises `OSError` when the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._path = _path(folder, self.name)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        _try_lock(self._descriptor)

    def release(self) -> None:
        """Tell the other processes that what is left of this one's records is theirs."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def forget(self) -> None:
        """In a forked child: let go of the parent's lock without releasing it."""
        os.close(self._descriptor)


def is_dead(folder: Path, name: str) -> bool:
    """Whether the owner's process has ended. Removes the lock file that it left behind."""
    path = _path(folder, name)
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        dead = _try_lock(descriptor)
        if dead:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
    return dead


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}{SUFFIX}"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
