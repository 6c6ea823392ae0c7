"""Faults on demand."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.servers.workspace.asked import Asked, Reply


@dataclass(frozen=True)
class Fault:
    """What to do with a request instead of answering it."""

    status: int = 0
    error_code: str = ""
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """What is sent as it is, say a page, with `headers`."""
    hangs: bool = False
    """Whether no answer comes until the faults are cleared or the server ends."""
    cuts: bool = False
    """Whether the connection is cut instead."""
    takes: bool = False
    """Whether what was asked is done all the same, and only the answer is another."""

    @property
    def reply(self) -> Reply:
        """The answer in place of the true one."""
        if self.body is not None:
            return Reply(status=self.status, headers=self.headers, body=self.body)
        return Reply({"error_code": self.error_code, "message": self.message}, self.status, self.headers)


@dataclass
class _Planned:
    path: re.Pattern[str]
    fault: Fault
    times: int | None


class Faults:
    """The faults of one server. Several for one path are used up in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []
        self._over = threading.Event()

    def add(self, path: str, fault: Fault, *, times: int | None = None) -> None:
        """Treat requests whose path matches the expression so; `times` of them, or all until `clear()`."""
        with self._lock:
            self._planned.append(_Planned(re.compile(path), fault, times))

    def clear(self) -> None:
        """Behave again; what hangs is let go, without an answer."""
        with self._lock:
            self._planned.clear()
            self._over.set()
            self._over = threading.Event()

    def next(self, asked: Asked) -> Fault | None:
        """What to do with this request."""
        with self._lock:
            for planned in self._planned:
                if planned.times != 0 and planned.path.search(asked.path):
                    planned.times = None if planned.times is None else planned.times - 1
                    return planned.fault
        return None

    def hang(self) -> None:
        """Wait until it is over."""
        with self._lock:
            over = self._over
        over.wait()
