"""Clients that ask an app as fast as it answers, and write down which trace each answer has."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from types import TracebackType

import httpx
from typing_extensions import Self

from tests.servers.process import until


@dataclass(frozen=True)
class Answer:
    """An answer as it arrived; `at` is the machine's monotonic time."""

    trace_id: str
    pid: int
    at: float


class Crowd:
    """So many clients, asking until the context is left. A server that is being killed may leave one unanswered."""

    def __init__(self, url: str, *, clients: int = 4) -> None:
        self.answers: list[Answer] = []
        self._url = url
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Ask no more; return when all have been answered."""
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, answers: int, *, processes: int = 1) -> None:
        """Wait until there are so many more, of so many processes."""
        before = len(self.answers)

        def are_there() -> bool:
            news = self.answers[before:]
            return len(news) >= answers and len({answer.pid for answer in news}) >= processes

        until(are_there, seconds=60, waiting_for=lambda: f"{answers} answers, not {len(self.answers) - before}")

    def _ask(self) -> None:
        while not self._enough.is_set():
            try:
                # A connection each: it is the kernel that shares them out among the workers.
                answer = httpx.get(f"{self._url}/work", timeout=30)
                trace_id = answer.headers["X-MLflow-Trace-Id"]
                self.answers.append(Answer(trace_id, answer.json()["pid"], time.monotonic()))
            except httpx.TransportError:
                continue
