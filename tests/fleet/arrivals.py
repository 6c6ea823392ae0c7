"""When each trace is first seen in MLflow's database."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import Self

BETWEEN_LOOKS = 0.5  # seconds
IDS = sqlalchemy.text("SELECT request_id FROM trace_info")
SPANS = sqlalchemy.text("SELECT trace_id, count(*) AS spans FROM spans GROUP BY trace_id")


class Arrivals:
    """Looks until the context is left; `seen` is by the machine's monotonic time."""

    def __init__(self, database: str) -> None:
        self.seen: dict[str, float] = {}
        self._engine = sqlalchemy.create_engine(database, pool_pre_ping=True)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()
        self._engine.dispose()

    def spans(self) -> dict[str, int]:
        """How many spans each trace has."""
        with self._engine.connect() as connection:
            return {row.trace_id: row.spans for row in connection.execute(SPANS)}

    def _watch(self) -> None:
        while not self._enough.wait(BETWEEN_LOOKS):
            try:
                with self._engine.connect() as connection:
                    found = [trace_id for (trace_id,) in connection.execute(IDS)]
            except SQLAlchemyError:
                continue  # it is down because the chaos test has stopped it
            now = time.monotonic()
            for trace_id in found:
                self.seen.setdefault(trace_id, now)
