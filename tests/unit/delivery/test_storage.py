"""The disk while it can be used, memory while it cannot, and what is found when it comes back."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otel_mlflow.delivery import leases
from otel_mlflow.delivery.records import Stage, Tally
from otel_mlflow.delivery.schema import UnknownFormatError
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.delivery.storage import BETWEEN_DISK_CHECKS, SpoolLostError, Storage, remedy
from otel_mlflow.status import Counts
from tests.delivering import assert_adds_up, trace
from tests.unit.delivery.backend import ManualClock

Make = Callable[[], Storage]
PAGE = 4096


@pytest.fixture
def clock() -> ManualClock:
    """A clock that nobody waits for."""
    return ManualClock()


@pytest.fixture
def make(tmp_path: Path, clock: ManualClock) -> Iterator[Make]:
    """Open this test's folder, as one more process would."""
    made = []

    def make_one() -> Storage:
        storage = Storage(tmp_path / "spool", destination="here", max_bytes=10**9, clock=clock)
        made.append(storage)
        return storage

    yield make_one
    for storage in made:
        storage.close()


def add(storage: Storage, traces: int) -> list[str]:
    """Put counted traces, as the writer does; answer their ids."""
    records = [trace() for _ in range(traces)]
    while True:
        try:
            with storage.using() as spool:
                spool.add(records, [], Tally(requests=traces, traced=traces), now=0.0)
        except SpoolLostError:
            continue
        return [record.trace_id for record in records]


def waiting(storage: Storage) -> list[str]:
    """The ids of the traces that the storage hands out, taking over what it can."""
    while True:
        try:
            storage.take_over()
            with storage.using() as spool:
                spool.claim(10**6)
                return [each.trace_id for each in spool.next_batch(Stage.WHOLE, records=10**6, max_bytes=10**9)]
        except SpoolLostError:
            continue


def counts(storage: Storage) -> Counts:
    """The counters, which always add up."""
    found = storage.counts()
    assert_adds_up(found)
    return found


def spool_file(tmp_path: Path) -> Path:
    """The file itself."""
    return leases.spool_path(tmp_path / "spool")


def settle(storage: Storage) -> None:
    """Close it, so that everything is in the one file."""
    storage.close()


def test_the_folder_is_made_for_its_user_alone(tmp_path: Path, make: Make) -> None:
    """Traces hold what users said: nobody else may read them."""
    add(make(), 1)
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert spool_file(tmp_path).stat().st_mode & 0o777 == 0o600


def test_without_a_usable_folder_memory_holds_what_is_new(tmp_path: Path, make: Make) -> None:
    """A folder that cannot be made leaves delivery working, and says what is wrong and what to do."""
    (tmp_path / "spool").write_text("a file where the folder should be")
    storage = make()
    ids = add(storage, 3)
    assert storage.in_memory
    assert waiting(storage) == ids
    assert counts(storage).pending == 3
    trouble = storage.trouble
    assert trouble is not None
    assert str(tmp_path / "spool") in trouble.reason
    assert "make room" in trouble.fix


def test_memory_goes_back_to_disk_when_the_disk_is_back(tmp_path: Path, make: Make, clock: ManualClock) -> None:
    """What waited in memory is on disk then, counted, and the trouble is over."""
    (tmp_path / "spool").write_text("in the way")
    storage = make()
    ids = add(storage, 3)
    storage.check_disk()
    assert storage.in_memory, "it was looked at a moment ago"

    (tmp_path / "spool").unlink()
    clock.now += BETWEEN_DISK_CHECKS
    storage.check_disk()
    assert not storage.in_memory
    assert storage.trouble is None
    settle(storage)
    later = make()
    assert waiting(later) == ids
    assert counts(later).requests == 3


def test_memory_is_bounded(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go where memory is full, counted."""
    monkeypatch.setattr("otel_mlflow.delivery.storage.MAX_MEMORY_BYTES", 200_000)
    (tmp_path / "spool").write_text("in the way")
    storage = make()
    ids = [each for _ in range(30) for each in add(storage, 10)]
    kept = waiting(storage)
    assert kept == ids[-len(kept) :]
    assert counts(storage).dropped == 300 - len(kept) > 0


def test_a_disk_that_fails_keeps_its_records_and_its_counts(
    tmp_path: Path, make: Make, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was on disk when it failed is counted meanwhile, and found again afterwards with what was in memory."""
    storage = make()
    before = add(storage, 2)
    with pytest.raises(SpoolLostError), storage.using():
        raise sqlite3.OperationalError("disk I/O error")
    during = add(storage, 3)
    assert storage.in_memory
    assert counts(storage).pending == 5

    clock.now += BETWEEN_DISK_CHECKS
    storage.check_disk()
    assert not storage.in_memory
    assert waiting(storage) == before + during
    assert counts(storage).requests == 5


def test_a_deleted_folder_is_made_anew(tmp_path: Path, make: Make) -> None:
    """Somebody empties the folder under a running process: what comes after is spooled in a new one."""
    storage = make()
    add(storage, 2)
    shutil.rmtree(tmp_path / "spool")
    ids = add(storage, 1)
    assert not storage.in_memory
    assert waiting(storage) == ids
    other = make()
    assert waiting(other) == [], "the living process keeps what is its own"


def test_a_dead_process_leaves_its_records_to_the_living(make: Make) -> None:
    """Closing is like dying here: the lock is free, and the next one takes over."""
    first = make()
    ids = add(first, 3)
    second = make()
    assert waiting(second) == []
    settle(first)
    assert waiting(second) == ids


def test_the_spool_of_a_host_that_is_gone_is_taken_over(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container that starts under another name finds what its predecessor left, counters and all."""
    monkeypatch.setattr("socket.gethostname", lambda: "old-container")
    old = make()
    ids = add(old, 3)
    settle(old)
    monkeypatch.setattr("socket.gethostname", lambda: "new-container")
    new = make()
    assert waiting(new) == ids
    assert counts(new).requests == 3
    assert not list((tmp_path / "spool").glob("spool-old-container.db*"))


def test_the_spool_of_a_living_host_is_left_alone(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two containers that share a folder each have a file of their own."""
    monkeypatch.setattr("socket.gethostname", lambda: "one")
    one = make()
    ids = add(one, 3)
    monkeypatch.setattr("socket.gethostname", lambda: "two")
    assert waiting(make()) == []
    assert waiting(one) == ids


def test_garbage_in_place_of_the_file_is_set_aside(tmp_path: Path, make: Make) -> None:
    """Nothing can be read of it: a new file takes its place, and the trouble names the old one until it is gone."""
    add(make(), 1)
    settle(make())
    for old in (tmp_path / "spool").iterdir():
        old.unlink()
    spool_file(tmp_path).write_bytes(os.urandom(50_000))
    storage = make()
    ids = add(storage, 2)
    assert waiting(storage) == ids
    assert not storage.in_memory
    trouble = storage.trouble
    assert trouble is not None
    assert trouble.aside is not None
    assert trouble.aside.stat().st_size == 50_000
    assert str(trouble.aside) in trouble.reason
    trouble.aside.unlink()
    storage.check_disk()
    assert storage.trouble is None


@pytest.mark.parametrize("where", ["header", "middle", "end", "truncated"])
def test_what_can_be_read_of_a_damaged_file_is_kept(tmp_path: Path, make: Make, where: str) -> None:
    """Damage in one place costs the records that are there, and they are counted as dropped; all others come out."""
    first = make()
    ids = add(first, 300)
    settle(first)
    damage(spool_file(tmp_path), where)

    storage = make()
    found = waiting(storage)
    assert set(found) <= set(ids)
    assert len(found) >= 200
    assert found == [each for each in ids if each in found], "in their order"
    assert counts(storage).dropped == 300 - len(found)
    assert counts(storage).requests == 300
    if where == "header":
        assert found == ids


def damage(path: Path, where: str) -> None:
    """Overwrite some pages of a file with noise, or cut it off."""
    content = bytearray(path.read_bytes())
    pages = len(content) // PAGE
    if where == "truncated":
        path.write_bytes(content[: pages * 9 // 10 * PAGE])
        return
    start, length = {
        "header": (0, 100),
        "middle": (pages // 2 * PAGE, 5 * PAGE),
        "end": ((pages - 8) * PAGE, 6 * PAGE),
    }[where]
    content[start : start + length] = os.urandom(length)
    path.write_bytes(content)


def test_two_processes_that_find_the_damage_set_it_aside_once(tmp_path: Path, make: Make) -> None:
    """The second one finds the new file in place and goes on with that."""
    one, two = make(), make()
    add(one, 30)
    add(two, 30)
    damaged = spool_file(tmp_path)
    for storage in (one, two):
        with storage.using() as spool:
            inode = spool.file.inode
            break
    for storage in (one, two):
        with pytest.raises(SpoolLostError), storage.using():
            raise sqlite3.DatabaseError("database disk image is malformed")
    add(one, 1)
    add(two, 1)
    assert len(list(damaged.parent.glob("*.corrupt-?"))) == 1
    assert damaged.stat().st_ino != inode
    assert len(waiting(one)) == 31
    assert len(waiting(two)) == 31
    assert counts(two).requests == 62


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path, make: Make) -> None:
    """After going back to an older otel-mlflow, what the newer one spooled is not touched."""
    settle_with = make()
    add(settle_with, 1)
    settle(settle_with)
    with sqlite3.connect(spool_file(tmp_path)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    storage = make()
    add(storage, 1)
    assert storage.in_memory
    assert storage.trouble is not None
    assert "newer otel-mlflow" in storage.trouble.reason


def test_disk_space_is_given_back(tmp_path: Path, make: Make) -> None:
    """A spool that was drained does not keep the size of its worst day."""
    storage = make()
    add(storage, 500)
    with storage.using() as spool:
        spool.delivered([each.id for each in spool.next_batch(Stage.WHOLE, records=500, max_bytes=10**9)])
        full = spool.used_bytes()
        spool.give_back()
    settle(storage)
    assert full < 100_000
    assert spool_file(tmp_path).stat().st_size < 100_000


def test_using_a_closed_spool_is_an_error_of_the_spool(tmp_path: Path) -> None:
    """A thread that comes too late is told so, and touches no other file by its old number."""
    spool = Spool(tmp_path / "spool.db", owner="me", destination="here", max_bytes=10**9)
    spool.file.close()
    with pytest.raises(sqlite3.ProgrammingError):
        spool.pending()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (sqlite3.OperationalError("database is locked"), "see which process holds a lock on the files in spool"),
        (sqlite3.OperationalError("database or disk is full"), "make room in spool and let this process write there"),
        (PermissionError("Permission denied"), "make room in spool and let this process write there"),
        (UnknownFormatError("made by a newer one"), "run the newer otel-mlflow"),
    ],
    ids=["locked", "full", "forbidden", "newer"],
)
def test_the_remedy_is_one_for_what_was_seen(error: Exception, expected: str) -> None:
    """A lock is not let go of by making room."""
    assert remedy(Path("spool"), error).startswith(expected)
