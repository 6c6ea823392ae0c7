"""Who is alive: every process that uses a spool folder holds a lock on a file of its own.

So no clock is needed to tell the living from the dead.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

from otel_mlflow.delivery.locks import try_lock_alone

SUFFIX = ".owner"


def host() -> str:
    """Name this host so that it can be part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", socket.gethostname()) or "localhost"


def spool_path(folder: Path) -> Path:
    """Where the spool of this host is. Each host has its own: SQLite's write-ahead log does not work between hosts."""
    return folder / f"spool-{host()}.db"


def host_of(spool: Path) -> str:
    """The host whose spool file it is."""
    return spool.stem.removeprefix("spool-")


class Lease:
    """The process's lock in a spool folder; `name` is what its records in the spool are marked with.

    Raises `OSError` when the folder cannot be written to.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"{host()}.{os.getpid()}-{secrets.token_hex(4)}"
        self._path = _path(folder, self.name)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try_lock_alone(self._descriptor)

    @property
    def is_seen(self) -> bool:
        """Whether others can see it; not when somebody has emptied the folder."""
        return self._path.exists()

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
        dead = try_lock_alone(descriptor)
        if dead:
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
    return dead


def owners_in(folder: Path, of_host: str) -> Iterator[str]:
    """The names of all owners on a host that have a lock file, dead or alive."""
    return (path.name.removesuffix(SUFFIX) for path in folder.glob(f"{of_host}.*{SUFFIX}"))


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}{SUFFIX}"
