"""Records move from one spool file to another: nothing twice, nothing uncounted, to the right destination."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otel_mlflow.delivery import recovery
from otel_mlflow.delivery.records import Stage, Tally
from otel_mlflow.delivery.spool import Spool
from tests.delivering import assert_adds_up, trace

Open = Callable[..., Spool]


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[Open]:
    """Open a spool file by its name."""
    opened = []

    def open_one(name: str, *, owner: str = "me", destination: str = "here") -> Spool:
        opened.append(Spool(tmp_path / f"{name}.db", owner=owner, destination=destination, max_bytes=10**9))
        return opened[-1]

    yield open_one
    for spool in opened:
        spool.file.close()


def add(spool: Spool, traces: int) -> list[str]:
    """Spool counted traces."""
    records = [trace() for _ in range(traces)]
    spool.add(records, [], Tally(requests=traces, traced=traces), now=0.0)
    return [record.trace_id for record in records]


def leave(path: Path, traces: int) -> list[str]:
    """Spool counted traces, and close the file."""
    spool = Spool(path, owner="me", destination="here", max_bytes=10**9)
    ids = add(spool, traces)
    spool.file.close()
    return ids


def carry(source: Spool, target: Spool, owner: str | None = None) -> int:
    """Carry everything over."""
    with target.file.transaction() as to, source.file.snapshot() as from_:
        return recovery.carry_over(from_, to, owner=owner)


def test_records_are_added_to_those_that_are_there(open_spool: Open) -> None:
    """With their counters, in their order, to an owner if one is named."""
    source, target = open_spool("source", owner="dead"), open_spool("target")
    theirs, mine = add(source, 3), add(target, 2)
    assert carry(source, target, owner="me") == 3
    found = [each.trace_id for each in target.next_batch(Stage.WHOLE, records=9, max_bytes=10**9)]
    assert found == mine + theirs
    assert target.counts().requests == 5
    assert_adds_up(target.counts())


def test_without_a_new_owner_records_keep_theirs(open_spool: Open) -> None:
    """A damaged file that is replaced under its users leaves each of them what was his."""
    source, target = open_spool("source", owner="you"), open_spool("target", owner="you")
    ids = add(source, 2)
    carry(source, target)
    assert [each.trace_id for each in target.next_batch(Stage.WHOLE, records=9, max_bytes=10**9)] == ids


def test_what_is_quarantined_stays_so(open_spool: Open) -> None:
    """A new owner does not get what a person has to decide on."""
    source, target = open_spool("source"), open_spool("target")
    add(source, 2)
    first, _ = source.next_batch(Stage.WHOLE, records=9, max_bytes=10**9)
    source.quarantine({first.id: "bad"})
    carry(source, target, owner="me")
    assert len(target.next_batch(Stage.WHOLE, records=9, max_bytes=10**9)) == 1
    assert target.counts().quarantined == 1


def test_destinations_are_told_apart_by_name(open_spool: Open) -> None:
    """Their numbers differ from file to file."""
    source, elsewhere = open_spool("source", destination="there"), open_spool("source", destination="here")
    add(source, 1)
    here = add(elsewhere, 1)
    target = open_spool("target", destination="here")
    carry(source, target, owner="me")
    assert [each.trace_id for each in target.next_batch(Stage.WHOLE, records=9, max_bytes=10**9)] == here
    assert target.counts().requests == 1


def test_a_counter_that_lost_its_records_counts_them_as_dropped(open_spool: Open) -> None:
    """What cannot be read is accounted for."""
    source, target = open_spool("source"), open_spool("target")
    add(source, 3)
    with source.file.transaction() as db:
        db.execute("DELETE FROM record WHERE id = 2")
    carry(source, target)
    assert (target.counts().dropped, target.counts().pending) == (1, 2)
    assert_adds_up(target.counts())


def test_records_whose_counter_is_lost_are_counted(open_spool: Open) -> None:
    """A record stands for a request, whatever became of the counters."""
    source, target = open_spool("source"), open_spool("target")
    add(source, 3)
    with source.file.transaction() as db:
        db.execute("DELETE FROM counter")
    carry(source, target)
    assert target.counts().requests == target.counts().traced == 3
    assert_adds_up(target.counts())


def test_a_damaged_file_is_replaced_once(tmp_path: Path, open_spool: Open) -> None:
    """Whoever finds another file in its place leaves that alone."""
    path = tmp_path / "spool.db"
    ids = leave(path, 3)
    inode = path.stat().st_ino
    recovered = recovery.replace_damaged(path, inode)
    assert recovered is not None
    assert (recovered.records, recovered.aside.name) == (3, "spool.db.corrupt-1")
    assert recovery.replace_damaged(path, inode) is None
    again = open_spool("spool")
    assert [each.trace_id for each in again.next_batch(Stage.WHOLE, records=9, max_bytes=10**9)] == ids


def test_files_set_aside_never_overwrite_each_other(tmp_path: Path) -> None:
    """A second damage is kept beside the first."""
    for number in (1, 2):
        path = tmp_path / "spool.db"
        path.write_bytes(os.urandom(8192))
        recovered = recovery.replace_damaged(path, path.stat().st_ino)
        assert recovered is not None
        assert (recovered.records, recovered.aside.name) == (0, f"spool.db.corrupt-{number}")


def test_reading_changes_nothing_of_what_was_found(tmp_path: Path) -> None:
    """Not a byte of the damaged file, and no copy is left behind."""
    path = tmp_path / "spool.db"
    leave(path, 3)
    before = path.read_bytes()
    with recovery.readable(path) as connection:
        assert connection.execute("SELECT count(*) FROM record").fetchone() == (3,)
        connection.execute("DELETE FROM record")
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["spool.db", "spool.gate"]


def test_what_stands_in_the_log_alone_is_read_too(tmp_path: Path, open_spool: Open) -> None:
    """A killed process leaves its last transactions in the write-ahead log."""
    spool = open_spool("spool")
    ids = add(spool, 3)
    assert (tmp_path / "spool.db-wal").stat().st_size > 0
    with recovery.readable(tmp_path / "spool.db") as connection:
        found = [trace_id for (trace_id,) in connection.execute("SELECT trace_id FROM record ORDER BY id")]
    assert found == ids


def test_a_file_without_a_single_table_is_no_error(tmp_path: Path) -> None:
    """Noise yields nothing, and nothing is raised."""
    noise = tmp_path / "noise.db"
    noise.write_bytes(os.urandom(50_000))
    target = sqlite3.connect(":memory:", isolation_level=None)
    with recovery.readable(noise) as source:
        assert recovery.carry_over(source, target) == 0
    target.close()
