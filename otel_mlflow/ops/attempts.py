"""How often an address has brought a wrong token."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_ATTEMPTS = 10
PERIOD = 60.0
"""Seconds in which an address may bring so many wrong tokens."""

MAX_ADDRESSES = 1024
"""Addresses that are remembered; whoever has more of them gains no more than new ones would give."""


class FailedAttempts:
    """Counts wrong tokens by address, for a minute each."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def add(self, address: str) -> None:
        """Count one more."""
        self._times.setdefault(address, []).append(self._clock())
        self._times.move_to_end(address)
        while len(self._times) > MAX_ADDRESSES:
            self._times.popitem(last=False)

    def seconds_to_wait(self, address: str) -> int:
        """For how long the address is not heard; 0 where it is."""
        now = self._clock()
        recent = [moment for moment in self._times.get(address, ()) if now - moment < PERIOD]
        if not recent:
            self._times.pop(address, None)
            return 0
        self._times[address] = recent
        return math.ceil(PERIOD - (now - recent[0])) if len(recent) >= MAX_ATTEMPTS else 0
