"""The spool on disk while it can be used, a bounded one in memory while it cannot."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from otel_mlflow.delivery.owners import Ownership, is_dead
from otel_mlflow.delivery.spool import Spool

FILE_NAME = "spool.db"
MAX_MEMORY_BYTES = 32 * 1024 * 1024
"""Bytes of traces kept in memory while the disk cannot be used."""


class SpoolLost(Exception):
    """The spool that was in use cannot be used any more; `Storage.spool` is another one now."""


class Storage:
    """Hands out the spool to use. Nothing is opened before the first use."""

    def __init__(self, folder: Path, *, destination: str, max_bytes: int) -> None:
        self.folder = folder
        self.trouble: Exception | None = None
        self._destination = destination
        self._max_bytes = max_bytes
        self._lock = threading.RLock()
        self._owner: Ownership | None = None
        self._spool: Spool | None = None

    @property
    def in_memory(self) -> bool:
        """Whether what is new waits in memory."""
        return self.trouble is not None

    @contextmanager
    def using(self) -> Generator[Spool, None, None]:
        """Use the spool. Raises `SpoolLost` when it could not be used: ask again, there is another one then."""
        spool = self._current()
        try:
            yield spool
        except (sqlite3.Error, OSError) as error:
            self._give_up(spool, error)
            raise SpoolLost from error

    def take_over(self, records: int) -> int:
        """Make records that dead processes left behind this one's; tell how many."""
        with self.using() as spool:
            for owner in spool.owners() - {spool.owner}:
                if is_dead(self.folder, owner):
                    spool.disown(owner)
            return spool.adopt(records)

    def close(self) -> None:
        """Let other processes have what is left."""
        with self._lock:
            spool, self._spool = self._spool, None
            owner, self._owner = self._owner, None
        if spool is not None:
            spool.close()
        if owner is not None:
            owner.release()

    def _current(self) -> Spool:
        with self._lock:
            if self._spool is None:
                self._spool = self._open()
            return self._spool

    def _open(self) -> Spool:
        try:
            spool = self._open_disk()
        except (sqlite3.Error, OSError) as error:
            self.trouble = error
            return self._open_memory()
        self.trouble = None
        return spool

    def _open_disk(self) -> Spool:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._owner = self._owner or Ownership(self.folder)
        path = self.folder / FILE_NAME
        return Spool(path, owner=self._owner.name, destination=self._destination, max_bytes=self._max_bytes)

    def _open_memory(self) -> Spool:
        return Spool(None, owner="memory", destination=self._destination, max_bytes=MAX_MEMORY_BYTES)

    def _give_up(self, spool: Spool, error: Exception) -> None:
        with self._lock:
            if self._spool is spool:
                self.trouble = error
                self._spool = self._open_memory()
