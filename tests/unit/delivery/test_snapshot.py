"""A value that may take long to read, for callers who do not wait."""

from __future__ import annotations

import threading

from otel_mlflow.delivery.snapshot import Snapshot


def test_a_quick_reading_is_fresh() -> None:
    """It is as of now."""
    assert Snapshot(lambda: "read", "initial").get() == ("read", 0.0)


def test_a_reading_that_hangs_leaves_the_last_value() -> None:
    """With its age; and no second reading is begun meanwhile."""
    released, begun = threading.Event(), list[int]()
    is_free = threading.Event()
    is_free.set()

    def read() -> int:
        begun.append(1)
        if not is_free.is_set():
            released.wait()
        return len(begun)

    snapshot = Snapshot(read, 0)
    assert snapshot.get() == (1, 0.0)
    is_free.clear()
    value, age = snapshot.get()
    assert value == 1
    assert age > 0
    snapshot.get()
    assert len(begun) == 2
    is_free.set()
    released.set()
    assert snapshot.get()[0] >= 2


def test_a_reading_that_took_too_long_is_there_for_the_next_caller() -> None:
    """Where each takes longer than anybody waits, the value is one reading old, and not as old as the process."""
    begun, released = list[int](), threading.Event()

    def read() -> int:
        begun.append(1)
        number = len(begun)
        if number > 1:
            released.wait()
        return number

    snapshot = Snapshot(read, 0)
    while len(begun) < 2:
        snapshot.get(0.0)
    assert snapshot.get(0.0)[0] == 1
    released.set()


def test_a_reading_that_is_under_way_can_be_waited_for() -> None:
    """It may hold what somebody else wants."""
    released, is_over = threading.Event(), threading.Event()

    def read() -> int:
        released.wait()
        is_over.set()
        return 1

    snapshot = Snapshot(read, 0)
    snapshot.get(0.0)
    released.set()
    snapshot.await_reading(30)
    assert is_over.is_set()
