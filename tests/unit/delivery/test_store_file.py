"""The file of a local store: whole or not there, and made by one of several."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from otel_mlflow.delivery.destinations.store_file import _locked, await_tables, make_store_file
from otel_mlflow.delivery.locks import try_lock_alone


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is going to be."""
    return tmp_path / "mlflow.db"


def uri_of(path: Path) -> str:
    """Its URI, with a parameter that has to stay."""
    return f"sqlite:///{path}?timeout=5"


def tables_by(name: str) -> Callable[[str], None]:
    """Something that makes one table."""

    def make(uri: str) -> None:
        assert uri.endswith("?timeout=5")
        with sqlite3.connect(uri.removeprefix("sqlite:///").partition("?")[0]) as connection:
            connection.execute(f"CREATE TABLE {name} (x)")
        connection.close()

    return make


def tables_of(path: Path) -> list[str]:
    """The names of the tables in a database."""
    connection = sqlite3.connect(path)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]
    connection.close()
    return names


def fail(uri: str) -> None:
    """Make one of two tables, and end."""
    tables_by("half")(uri)
    raise OSError(f"{uri}: the process ended")


def test_it_gets_its_name_when_it_is_whole(path: Path) -> None:
    """Nobody sees it before, and nothing else is left."""
    make_store_file(uri_of(path), tables_by("ours"))
    assert tables_of(path) == ["ours"]
    assert list(path.parent.iterdir()) == [path]


def test_what_was_left_half_made_is_made_anew(path: Path) -> None:
    """A process ended amid: the next one begins with nothing."""
    with pytest.raises(OSError, match="the process ended"):
        make_store_file(uri_of(path), fail)
    assert not path.exists()
    make_store_file(uri_of(path), tables_by("ours"))
    assert tables_of(path) == ["ours"]


def test_one_of_several_makes_it(path: Path) -> None:
    """The others wait, and find it."""
    makers: list[int] = []
    gate = threading.Barrier(4)

    def make(uri: str) -> None:
        makers.append(threading.get_ident())
        tables_by("ours")(uri)

    def open_it() -> None:
        gate.wait(10)
        make_store_file(uri_of(path), make)
        assert tables_of(path) == ["ours"]

    with ThreadPoolExecutor(4) as pool:
        for opened in [pool.submit(open_it) for _ in range(4)]:
            opened.result(30)
    assert len(makers) == 1


def test_another_program_s_file_stays(path: Path) -> None:
    """It was made while ours was: traces may be in it already."""

    def make(uri: str) -> None:
        tables_by("ours")(uri)
        tables_by("theirs")(uri_of(path))

    make_store_file(uri_of(path), make)
    assert tables_of(path) == ["theirs"]


@pytest.mark.parametrize(
    "uri", ["sqlite://", "sqlite:///:memory:", "postgresql://127.0.0.1/x", "http://127.0.0.1:5000", "no uri at all"]
)
def test_no_other_store_is_made(uri: str) -> None:
    """A server, a database of another kind, one in memory."""
    make_store_file(uri, fail)


def test_a_folder_that_is_missing_is_made(path: Path) -> None:
    """As MLflow makes it."""
    path = path.parent / "missing" / path.name
    make_store_file(uri_of(path), tables_by("ours"))
    assert tables_of(path) == ["ours"]


def test_tables_that_another_program_is_making_are_waited_for(path: Path) -> None:
    """It goes on making them while we look."""
    tables_by("first")(uri_of(path))

    def make_the_others() -> None:
        for number in range(5):
            tables_by(f"table_{number}")(uri_of(path))

    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(make_the_others)
        await_tables(uri_of(path), {"first", "table_4"})
        assert "table_4" in tables_of(path)
        others.result(30)


def test_what_nobody_is_making_any_more_is_not_waited_for(path: Path) -> None:
    """Its file has not changed for long."""
    tables_by("first")(uri_of(path))
    os.utime(path, (0, 0))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(await_tables, uri_of(path), {"another"}).result(30) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_child_that_is_forked_while_a_store_is_made_does_not_keep_the_lock(tmp_path: Path) -> None:
    """It has the lock's file open for as long as it lives, and would wait for itself."""
    path = tmp_path / "mlflow.db.lock"
    reader, writer = os.pipe()
    with _locked(path):
        child = os.fork()
        if child == 0:
            os.read(reader, 1)
            os._exit(0)
    descriptor = os.open(path, os.O_RDWR)
    assert try_lock_alone(descriptor)
    os.close(descriptor)
    os.write(writer, b"-")
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
