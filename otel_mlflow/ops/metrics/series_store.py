"""Cumulative metrics of all processes of a service on this host, in one SQLite file.

Each process adds what it has counted; whichever is scraped answers with the sums. So a time series belongs to the
host, not to a process: it only grows, over workers that are recycled, killed or deployed anew.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from otel_mlflow.delivery.forking import fork_unsafe

LOCK_TIMEOUT = 5.0
"""Seconds to wait for another process that adds: it does so for a millisecond."""

MAX_SERIES = 2000
"""Label sets of one metric; what comes beyond them is counted together, as OpenTelemetry's SDK does it."""

OVERFLOW: Mapping[str, str] = {"otel_metric_overflow": "true"}

MAX_SCRAPERS = 16
"""Scrapers that are told apart."""

TABLES = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, metric TEXT, labels TEXT, created REAL, UNIQUE (metric, labels)
);
CREATE TABLE IF NOT EXISTS part (series INTEGER, name TEXT, value REAL, PRIMARY KEY (series, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shown (scraper TEXT, series INTEGER, PRIMARY KEY (scraper, series)) WITHOUT ROWID;
"""

Labels = tuple[tuple[str, str], ...]
Parts = Mapping[str, float]


@dataclass(frozen=True)
class Series:
    """One time series. `parts` are a counter's `total`, or a histogram's `sum` and its buckets by upper bound."""

    metric: str
    labels: Mapping[str, str]
    created: float
    parts: Parts


@dataclass
class Additions:
    """What a process has counted since it last added to the store."""

    parts: dict[tuple[str, Labels], dict[str, float]] = field(default_factory=dict)

    def add(self, metric: str, labels: Mapping[str, str], name: str, value: float) -> None:
        """Count; a value of 0 makes a series known."""
        parts = self.parts.setdefault((metric, tuple(sorted(labels.items()))), {})
        parts[name] = parts.get(name, 0.0) + value

    def observe(self, metric: str, labels: Mapping[str, str], bounds: Sequence[float], value: float) -> None:
        """Count a value of a histogram."""
        bucket = next((str(float(bound)) for bound in bounds if value <= bound), "+Inf")
        self.add(metric, labels, bucket, 1)
        self.add(metric, labels, "sum", value)


class SeriesStore:
    """The file at `path`, made where there is none, anew where it is damaged: counters may begin again at 0.

    Raises `sqlite3.Error` or `OSError` where it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            self._prepare()

    def add(self, additions: Additions) -> None:
        """Add what was counted to what all have counted so far."""
        with self._writing() as db:
            for (metric, labels), parts in additions.parts.items():
                series = _series_id(db, metric, dict(labels))
                db.executemany(
                    "INSERT INTO part VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
                    [(series, name, value) for name, value in parts.items()],
                )

    def read(self) -> list[Series]:
        """All of them, as they are."""
        with self._connected() as db:
            return list(_read(db))

    def read_for(self, scraper: str) -> list[Series]:
        """All of them; those that `scraper` has never been told of at 0.

        The next scrape tells what they are. Prometheus's `increase()` sees only what grows between two scrapes: a
        series that is born with its first error would never have had it.
        """
        with self._writing() as db:
            found = list(_read(db))
            known = {row[0] for row in db.execute("SELECT series FROM shown WHERE scraper = ?", (scraper,))}
            if not known and _count(db, "SELECT count(DISTINCT scraper) FROM shown") >= MAX_SCRAPERS:
                return found
            ids = {(row[1], row[2]): row[0] for row in db.execute("SELECT id, metric, labels FROM series")}
            db.executemany("INSERT OR IGNORE INTO shown VALUES (?, ?)", [(scraper, each) for each in ids.values()])
            return [one if ids[one.metric, _text(one.labels)] in known else _at_zero(one) for one in found]

    def _prepare(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._opened() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(TABLES)
        self._path.chmod(0o600)

    @contextmanager
    def _connected(self) -> Generator[sqlite3.Connection, None, None]:
        if not self._path.exists() or not self._path.stat().st_size:
            self._prepare()
        with self._opened() as db:
            yield db

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection, None, None]:
        with fork_unsafe(), closing(sqlite3.connect(self._path, timeout=LOCK_TIMEOUT, isolation_level=None)) as db:
            # A crash of the machine may cost the last seconds; a crash of the process costs nothing.
            db.execute("PRAGMA synchronous = OFF")
            yield db

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection, None, None]:
        with self._connected() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")


def _series_id(db: sqlite3.Connection, metric: str, labels: Mapping[str, str]) -> int:
    known = db.execute("SELECT id FROM series WHERE metric = ? AND labels = ?", (metric, _text(labels))).fetchone()
    if known is not None:
        return int(known[0])
    if labels != OVERFLOW and _count(db, "SELECT count(*) FROM series WHERE metric = ?", metric) >= MAX_SERIES:
        return _series_id(db, metric, OVERFLOW)
    made = db.execute(
        "INSERT INTO series (metric, labels, created) VALUES (?, ?, ?)", (metric, _text(labels), time.time())
    )
    assert made.lastrowid is not None
    return made.lastrowid


def _count(db: sqlite3.Connection, statement: str, *given: str) -> int:
    return int(db.execute(statement, given).fetchone()[0])


def _read(db: sqlite3.Connection) -> Iterable[Series]:
    parts: dict[int, dict[str, float]] = {}
    for series, name, value in db.execute("SELECT series, name, value FROM part"):
        parts.setdefault(series, {})[name] = value
    for series, metric, labels, created in db.execute("SELECT id, metric, labels, created FROM series ORDER BY id"):
        yield Series(metric, json.loads(labels), created, parts.get(series, {}))


def _at_zero(series: Series) -> Series:
    return Series(series.metric, series.labels, series.created, dict.fromkeys(series.parts, 0.0))


def _text(labels: Mapping[str, str]) -> str:
    return json.dumps(labels, sort_keys=True, ensure_ascii=False)
