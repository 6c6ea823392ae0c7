"""A place where simultaneous requests wait for each other, so that "at once" is no matter of luck."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 20


class Meeting:
    """Lets nobody go on before all have come."""

    def __init__(self) -> None:
        self._missing = AT_ONCE
        self._lock = threading.Lock()
        self._complete = threading.Event()
        self._threads = ThreadPoolExecutor(AT_ONCE)

    def wait(self) -> None:
        """Come, in a thread, and wait for the others."""
        with self._lock:
            self._missing -= 1
            if not self._missing:
                self._complete.set()
        assert self._complete.wait(20), f"{self._missing} of {AT_ONCE} requests never came"

    async def wait_async(self) -> None:
        """Come, in the event loop, and wait for the others without holding up the loop."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self.wait)
