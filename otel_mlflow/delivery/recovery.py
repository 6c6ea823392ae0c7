"""Records move from one spool file to another: out of a damaged one, out of memory, out of a dead host's."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otel_mlflow.delivery import schema, statements
from otel_mlflow.delivery.leases import host_of, is_dead, owners_in
from otel_mlflow.delivery.locks import FileLock
from otel_mlflow.delivery.spool import Spool, counts_of
from otel_mlflow.delivery.spool_file import gate_path

COLUMNS = (
    "destination, owner, awaits, quarantined, counted, attempts, spooled_at, trace_id, experiment, reason, checksum, "
    "info, spans"
)
_PUT = f"INSERT INTO record ({COLUMNS}) VALUES ({', '.join('?' * 13)})"  # noqa: S608, no outside words
_GET = f"SELECT {COLUMNS} FROM record NOT INDEXED WHERE id = ?"  # noqa: S608
_WAYS = (
    "NOT INDEXED ORDER BY id",
    "NOT INDEXED ORDER BY id DESC",
    "INDEXED BY record_by_owner",
    "INDEXED BY record_by_experiment",
    "INDEXED BY record_by_state",
    "INDEXED BY record_by_trace",
)
_PAGE_SIZE = slice(16, 18)
_SIZE_IN_PAGES = slice(28, 32)
_FREE_LIST = slice(32, 40)
"""Places in a SQLite database's header (sqlite.org/fileformat.html, 1.3)."""


def carry_over(source: sqlite3.Connection, target: sqlite3.Connection, *, owner: str | None = None) -> int:
    """Copy every record that can be read, and the counters; answer how many records.

    `owner` becomes the owner of all that were not quarantined; None leaves them with theirs. What was counted and
    cannot be read is counted as dropped. Runs in the transaction that is open on `target`.
    """
    carried = 0
    destinations = _Destinations(source, target)
    for destination, given_to, *rest in _records(source):
        new_owner = given_to if owner is None or given_to == statements.QUARANTINE else owner
        target.execute(_PUT, (destinations[destination], new_owner, *rest))
        carried += 1
    for destination, name, value in _until_damage(source, "SELECT destination, name, value FROM counter"):
        target.execute(statements.COUNT, (destinations[destination], name, value))
    for destination in destinations.ids.values():
        _balance(target, destination)
    return carried


@dataclass(frozen=True)
class Recovered:
    """What became of a damaged file."""

    aside: Path
    """Where it is kept, as it was found."""
    records: int
    """How many of its records could be read; they are in the new file."""


def replace_damaged(path: Path, inode: int) -> Recovered | None:
    """Put a new file with all that can be read in place of a damaged one, of which `inode` is the number.

    None where somebody else has done it already. Until the last step the damaged file stays in its place, so that it
    can be done again should this process end.
    """
    gate = FileLock(gate_path(path))
    try:
        with gate.alone():
            return _replace_damaged(path) if path.stat().st_ino == inode else None
    finally:
        gate.close()


def _replace_damaged(path: Path) -> Recovered:
    fresh = path.with_name(f"{path.name}.new")
    remove(fresh)
    target = schema.connect(fresh)
    try:
        with readable(path) as source:
            target.execute("BEGIN IMMEDIATE")
            records = carry_over(source, target)
            target.execute("COMMIT")
    finally:
        # The last connection takes the write-ahead log with it: the file alone is the whole database then.
        target.close()
    aside = _set_aside(path)
    fresh.rename(path)
    return Recovered(aside, records)


def take_over_host(path: Path, spool: Spool) -> None:
    """Carry the spool of another host over, if no process of it is alive: a container's name changes at each start.

    Raises `UnknownFormatError` where only a newer otel-mlflow can read it.
    """
    gate = FileLock(gate_path(path))
    try:
        with gate.alone():
            if path.exists() and all(is_dead(path.parent, owner) for owner in owners_in(path.parent, host_of(path))):
                with readable(path) as source, spool.file.transaction() as target:
                    carry_over(source, target, owner=statements.NOBODY)
                remove(path)
    finally:
        gate.close()


def _set_aside(path: Path) -> Path:
    asides = (path.with_name(f"{path.name}.corrupt-{number}") for number in itertools.count(1))
    aside = next(name for name in asides if not name.exists())
    for companion in schema.COMPANIONS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + companion).rename(aside.with_name(aside.name + companion))
    return aside


def remove(path: Path) -> None:
    """Delete a spool file with its companions."""
    for companion in schema.COMPANIONS:
        path.with_name(path.name + companion).unlink(missing_ok=True)


@contextlib.contextmanager
def readable(damaged: Path) -> Iterator[sqlite3.Connection]:
    """Open what can be read of a file, through a copy: the file itself stays as it was found.

    Raises `UnknownFormatError` for a file of a newer otel-mlflow.
    """
    copy = damaged.with_name(f"{damaged.name}.copy")
    remove(copy)
    for companion in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(damaged.with_name(damaged.name + companion), copy.with_name(copy.name + companion))
    try:
        with contextlib.closing(_opened(copy)) as connection:
            schema.format_of(connection)
            yield connection
    finally:
        remove(copy)


def _opened(copy: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(copy, isolation_level=None)
    if not _opens(connection):
        connection.close()
        _graft_first_page(copy)
        connection = sqlite3.connect(copy, isolation_level=None)
    return connection


def _opens(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT count(*) FROM destination").fetchone()
    except sqlite3.DatabaseError:
        return False
    return True


def _graft_first_page(damaged: Path) -> None:
    """Put a new file's first page in place of the damaged one: all spool files are laid out alike in there."""
    donor = damaged.with_name(f"{damaged.name}-donor")
    schema.connect(donor).close()
    first = bytearray(donor.read_bytes())
    page_size = int.from_bytes(first[_PAGE_SIZE], "big")
    remove(donor)
    content = bytearray(damaged.read_bytes())
    pages = len(content) // page_size
    first[_SIZE_IN_PAGES] = pages.to_bytes(4, "big")
    first[_FREE_LIST] = bytes(8)
    content[:page_size] = first[:page_size]
    damaged.write_bytes(content)


def _records(source: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    for record in sorted(_ids(source)):
        yield from _until_damage(source, _GET, record)


def _ids(source: sqlite3.Connection) -> set[int]:
    """The ids of all records that the table, read from both ends, or any of its indexes still tells of."""
    return {record for way in _WAYS for (record,) in _until_damage(source, f"SELECT id FROM record {way}")}  # noqa: S608


def _until_damage(source: sqlite3.Connection, query: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
    try:
        yield from source.execute(query, parameters)
    except sqlite3.DatabaseError:
        return


class _Destinations:
    """Ids of destinations in one file as ids in another."""

    def __init__(self, source: sqlite3.Connection, target: sqlite3.Connection) -> None:
        self._names: dict[int, str] = dict(_until_damage(source, "SELECT id, name FROM destination"))
        self._target = target
        self.ids: dict[int, int] = {}

    def __getitem__(self, source_id: int) -> int:
        if source_id not in self.ids:
            name = self._names.get(source_id, f"lost: number {source_id} in a damaged spool")
            self._target.execute(statements.DESTINATION, (name,))
            self.ids[source_id] = self._target.execute(statements.DESTINATION_ID, (name,)).fetchone()[0]
        return self.ids[source_id]


def _balance(target: sqlite3.Connection, destination: int) -> None:
    """Make the counters add up again: what is gone was dropped, what nobody had counted was traced."""
    counts = counts_of(target, destination)
    known = counts.delivered + counts.pending + counts.quarantined + counts.dropped
    outcomes = counts.excluded + counts.sampled_out + counts.filtered + max(counts.traced, known)
    missing = {
        "dropped": max(0, counts.traced - known),
        "traced": max(0, known - counts.traced),
        "requests": outcomes - counts.requests,
    }
    target.executemany(statements.COUNT, [(destination, name, value) for name, value in missing.items()])
