"""The spool on disk while it can be used, a bounded one in memory while it cannot."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from otel_mlflow.delivery import recovery
from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.leases import Lease, is_dead, spool_path
from otel_mlflow.delivery.private_folder import private_folder
from otel_mlflow.delivery.schema import UnknownFormatError
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.delivery.spool_file import FileReplacedError
from otel_mlflow.delivery.trouble import LocalTrouble
from otel_mlflow.status import Counts

MAX_MEMORY_BYTES = 32 * 1024 * 1024
"""Bytes of traces kept in memory while the disk cannot be used."""

BETWEEN_DISK_CHECKS = 5.0
"""Seconds."""


UPGRADE = "run the newer otel-mlflow, which delivers what is in it, or set delivery.spool_dir to another folder"


class SpoolLostError(Exception):
    """The spool that was in use cannot be used any more; ask for it again, there is another one."""


class Storage:
    """Hands out the spool to use. Nothing is opened before the first use."""

    def __init__(self, folder: Path, *, destination: str, max_bytes: int, clock: Clock) -> None:
        self._configured = self.folder = folder
        self._path = spool_path(folder)
        self._destination = destination
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.RLock()
        self._owner: Lease | None = None
        self._spool: Spool | None = None
        self._trouble: LocalTrouble | None = None
        self._counts_on_disk = Counts()
        self._left_alone: set[Path] = set()
        self._next_check = 0.0
        self._in_use = 0
        self._is_kept_open = True

    @property
    def in_memory(self) -> bool:
        """Whether what is new waits in memory."""
        return self._spool is not None and self._spool.file.in_memory

    @property
    def trouble(self) -> LocalTrouble | None:
        """What is wrong with the disk as of the last `check_disk()`, None when nothing is. Costs no I/O."""
        return self._trouble

    @contextmanager
    def using(self) -> Generator[Spool, None, None]:
        """Use the spool. Raises `SpoolLostError` where it turns out that it cannot be used."""
        with self._lock:
            self._in_use += 1
        try:
            spool = self._current()
            try:
                yield spool
            except (sqlite3.Error, OSError) as error:
                self._lose(spool, error)
                raise SpoolLostError from error
        finally:
            with self._lock:
                self._in_use -= 1
            self._close_unless_in_use()

    def counts(self) -> Counts:
        """Every request counted so far; those on a disk that cannot be read as they were last seen."""
        with self.using() as spool:
            counts = spool.counts()
            return counts + self._counts_on_disk if spool.file.in_memory else counts

    def check_disk(self) -> None:
        """Go back to the disk if it can be used again, and notice when a damaged file was taken away."""
        with self._lock:
            aside = self._trouble.aside if self._trouble is not None else None
            if aside is not None and not aside.exists():
                self._trouble = None
            if self.in_memory and self._clock.monotonic() >= self._next_check:
                self._next_check = self._clock.monotonic() + BETWEEN_DISK_CHECKS
                with contextlib.suppress(sqlite3.Error, OSError):
                    self._return_to_disk()

    def take_over(self) -> None:
        """Let anybody have what dead processes left, of this host and of hosts where none is alive."""
        with self.using() as spool:
            if spool.file.in_memory:
                return
            for owner in spool.owners() - {spool.owner}:
                if is_dead(self.folder, owner):
                    spool.release(owner)
            for path in self.folder.glob("spool-*.db"):
                if path != self._path and path not in self._left_alone:
                    self._take_over_host(path, spool)

    def _take_over_host(self, path: Path, spool: Spool) -> None:
        try:
            recovery.take_over_host(path, spool)
        except UnknownFormatError as error:
            self._left_alone.add(path)
            self._trouble = LocalTrouble(f"{path} is left alone: {error}", UPGRADE, "format", aside=path)

    def before_fork(self) -> None:
        """Keep other threads out, and SQLite out of the child."""
        self._lock.acquire()
        if self._spool is not None:
            self._spool.file.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._spool is not None:
            self._spool.file.after_fork_in_parent()
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Let go of what is the parent's; this object is of no use in the child."""
        if self._spool is not None:
            self._spool.file.after_fork_in_child()
        if self._owner is not None:
            self._owner.forget()

    def close(self) -> None:
        """Let other processes have what is left. Whoever uses the spool from now on opens it for as long only."""
        self._is_kept_open = False
        self._close_unless_in_use()

    def _close_unless_in_use(self) -> None:
        with self._lock:
            if self._is_kept_open or self._in_use:
                return
            spool, self._spool = self._spool, None
            owner, self._owner = self._owner, None
        if spool is not None:
            with contextlib.suppress(sqlite3.Error, OSError):
                spool.release(spool.owner)
            spool.file.close()
        if owner is not None:
            owner.release()

    def _current(self) -> Spool:
        with self._lock:
            if self._spool is None:
                try:
                    self._spool = self._open()
                except (sqlite3.Error, OSError) as error:
                    self._spool = self._open_memory(error)
            return self._spool

    def _open(self) -> Spool:
        try:
            return self._open_disk()
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._replace_damaged(self._path.stat().st_ino)
            return self._open_disk()

    def _open_disk(self) -> Spool:
        self.folder = private_folder(self._configured)
        self._path = spool_path(self.folder)
        if self._owner is None or not self._owner.is_seen:
            self._owner = Lease(self.folder)
        owner = self._owner.name
        return Spool(self._path, owner=owner, destination=self._destination, max_bytes=self._max_bytes)

    def _open_memory(self, error: Exception) -> Spool:
        self._next_check = self._clock.monotonic() + BETWEEN_DISK_CHECKS
        fix = remedy(self.folder, error)
        meanwhile = f"until then up to {MAX_MEMORY_BYTES >> 20} MB of traces wait in memory and end with the process"
        self._trouble = LocalTrouble(f"the spool in {self.folder} cannot be used ({error})", f"{fix}; {meanwhile}")
        return Spool(None, owner="memory", destination=self._destination, max_bytes=MAX_MEMORY_BYTES)

    def _return_to_disk(self) -> None:
        disk = self._open()
        try:
            disk.prove_room()
            memory = self._spool
            assert memory is not None, "only what is in memory can return"
            with disk.file.transaction() as target, memory.file.snapshot() as source:
                recovery.carry_over(source, target, owner=disk.owner)
        except BaseException:
            disk.file.close()
            raise
        memory.file.close()
        self._spool = disk
        self._trouble = None

    def _replace_damaged(self, inode: int) -> None:
        recovered = recovery.replace_damaged(self._path, inode)
        if recovered is not None:
            self._trouble = LocalTrouble(
                f"the spool file was damaged; {recovered.records} records could be read, and the file is kept as "
                f"{recovered.aside}",
                f"look at {recovered.aside} and delete it",
                aside=recovered.aside,
            )

    def _lose(self, spool: Spool, error: Exception) -> None:
        with self._lock:
            if self._spool is not spool:
                return
            try:
                self._spool = self._another_for(spool, error)
            except (sqlite3.Error, OSError) as worse:
                self._spool = self._open_memory(worse)
            spool.file.close()

    def _another_for(self, spool: Spool, error: Exception) -> Spool:
        if isinstance(error, FileReplacedError):
            return self._open()
        if is_damage(error) and not spool.file.in_memory:
            self._replace_damaged(spool.file.inode)
            return self._open()
        with contextlib.suppress(sqlite3.Error, OSError):
            self._counts_on_disk = spool.counts()
        return self._open_memory(error)


def is_damage(error: Exception) -> bool:
    """Whether SQLite found the file damaged or no database at all: these have no class of their own."""
    return type(error) is sqlite3.DatabaseError


def remedy(folder: Path, error: Exception) -> str:
    """What a person can do about a spool that cannot be used and is not damaged."""
    if isinstance(error, UnknownFormatError):
        return UPGRADE
    if "locked" in str(error):
        return f"see which process holds a lock on the files in {folder}"
    return f"make room in {folder} and let this process write there, or set another folder"
