"""Which of the app's processes are alive: each locks a file, and the kernel lets go of it when the process ends."""

from __future__ import annotations

import fcntl
import os
import threading
import uuid
from pathlib import Path


class Workers:
    """The processes that share a store, and which of them is this one; a forked child is a worker of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._pid = 0
        self._name = ""

    @property
    def me(self) -> str:
        """The name of this process, which is alive from the first time that it is asked for."""
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._name = os.getpid(), uuid.uuid4().hex
                self._folder.mkdir(parents=True, exist_ok=True)
                self._held = os.open(self._file(self._name), os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._held, fcntl.LOCK_EX)
            return self._name

    def is_alive(self, name: str) -> bool:
        """Whether the worker of this name still runs."""
        if name == self.me:
            return True
        try:
            descriptor = os.open(self._file(name), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            # Shared: two that ask at once must not take each other for the worker.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        self._file(name).unlink(missing_ok=True)
        return False

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.lock"
