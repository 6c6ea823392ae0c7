"""The store: who holds a session, who is alive, and what is kept when two things happen at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from app.store.database import StoreError
from app.store.decks import KEPT, NoDeckError, NothingToUndoError, StoredDeck
from app.store.rows import TurnRunningError
from app.store.store import Store
from app.store.tables import Message, now
from app.store.turns import SessionLease
from app.store.workers import Workers

WORKER = """
import pathlib, sys
from app.store.workers import Workers
print(Workers(pathlib.Path(sys.argv[1])).me, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "slides.db")


@pytest.fixture
def eager_switches() -> Iterator[None]:
    """Threads take turns a thousand times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 1000)
    yield
    sys.setswitchinterval(before)


def words(lease: SessionLease) -> list[Message]:
    """Something that was said."""
    return [Message(session_id=lease.session_id, role="user", content="Hello", timestamp=now())]


def test_one_of_many_gets_the_session(store: Store) -> None:
    """Twenty at once want a turn of one session; the others are told that it is running."""
    session = store.sessions.create("ada")

    def begin(_: int) -> bool:
        try:
            store.turns.begin(session.id, "ada", "Hello")
        except TurnRunningError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(begin, range(20))) == 1


def test_a_turn_whose_end_was_asked_for_keeps_nothing(store: Store) -> None:
    """However near it was to its own end: the deck stays as it was."""
    first = store.turns.begin(None, "ada", "Hello")
    assert store.turns.finish(first, words(first), deck="<p>before</p>")
    second = store.turns.begin(first.session_id, "ada", "Again")
    assert store.turns.cancel(first.session_id, "ada") == second.turn_id
    assert not store.turns.finish(second, words(second), deck="<p>after</p>")
    store.turns.abandon(second, words(second))
    assert store.decks.get(first.session_id, "ada").html == "<p>before</p>"
    assert len(store.sessions.messages(first.session_id, "ada")) == 2
    assert store.turns.cancel(first.session_id, "ada") is None


def test_a_turn_that_lost_its_session_keeps_nothing(store: Store) -> None:
    """Once let go of, a session is not written to by the turn that lease it."""
    lease = store.turns.begin(None, "ada", "Hello")
    store.turns.abandon(lease, [])
    assert not store.turns.finish(lease, words(lease), deck="<p>late</p>")
    with pytest.raises(NoDeckError):
        store.decks.get(lease.session_id, "ada")


def test_a_dead_workers_turn_is_gone_on_with_only_while_it_holds_its_session(store: Store, tmp_path: Path) -> None:
    """Whoever asked again has it since: that turn stays its own worker's, which is told of a cancel."""
    first = store.turns.begin(None, "ada", "Hello")
    assert store.turns.take_over(first)
    store.turns.abandon(first, [])
    other = Store(tmp_path / "slides.db")
    second = other.turns.begin(first.session_id, "ada", "Hello again")
    assert not store.turns.take_over(first)
    store.turns.cancel(first.session_id, "ada")
    assert other.turns.cancelled() == [second.turn_id]


def test_a_session_takes_all_that_is_in_it_along(store: Store) -> None:
    """Its messages, its deck and its jobs."""
    lease = store.turns.begin(None, "ada", "Hello")
    job = store.jobs.add("ada", {"session_id": lease.session_id}, {}, ("", ""))
    store.turns.finish(lease, words(lease), deck="<p>deck</p>")
    store.sessions.delete(lease.session_id, "ada")
    with pytest.raises(LookupError):
        store.jobs.get(job.id, "ada")


def test_a_worker_lives_as_long_as_its_process(tmp_path: Path) -> None:
    """Another process sees it alive, and dead as soon as it has been killed."""
    other = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout
        name, workers = other.stdout.readline().strip(), Workers(tmp_path)
        assert workers.is_alive(name)
        assert workers.is_alive(workers.me)
        other.kill()
        other.wait()
    assert not workers.is_alive(name)
    assert not workers.is_alive("nobody")


def test_who_asks_is_not_taken_for_the_worker(tmp_path: Path, eager_switches: None) -> None:
    """Of four that ask after a dead worker at the same moment each finds it dead: two hundred workers, one by one."""
    askers = [Workers(tmp_path) for _ in range(4)]
    together = Barrier(len(askers))

    def ask(asker: Workers, name: str) -> bool:
        asker.me  # noqa: B018 - begins to live, which takes longer than to ask
        together.wait()
        return asker.is_alive(name)

    with ThreadPoolExecutor(len(askers)) as pool:
        for name in map(str, range(200)):
            (tmp_path / f"{name}.lock").touch()
            assert not any(pool.map(ask, askers, [name] * len(askers)))


def test_a_place_where_nothing_can_be_is_named(tmp_path: Path) -> None:
    """The error says where, why, and what to set."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/slides\.db.*SLIDES_DATABASE"):
        Store(tmp_path / "file" / "slides.db")


def test_a_file_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """Columns that have come since are added; what is in it stays."""
    path = tmp_path / "slides.db"
    lease = (store := Store(path)).turns.begin(None, "ada", "Hello")
    assert store.turns.finish(lease, [], deck="<p>deck</p>")
    with sqlite3.connect(path) as before:
        before.execute("ALTER TABLE decks DROP COLUMN version")
    before.close()
    assert Store(path).decks.get(lease.session_id, "ada") == StoredDeck("<p>deck</p>", 1)


def test_there_are_so_many_steps_back(store: Store) -> None:
    """The oldest go first."""
    lease = store.turns.begin(None, "ada", "Hello")
    store.turns.finish(lease, [], deck="0")
    for _ in range(KEPT + 5):
        store.decks.change(lease.session_id, "ada", lambda html: str(int(html) + 1), None)
    undone = [store.decks.undo(lease.session_id, "ada", None).html for _ in range(KEPT)]
    assert undone[-1] == "5"
    with pytest.raises(NothingToUndoError):
        store.decks.undo(lease.session_id, "ada", None)
