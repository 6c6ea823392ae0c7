"""A delivery that ends and begins again in one process."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.clock import SystemClock
from otel_mlflow.delivery.forwarder import LINGER
from otel_mlflow.errors import RetryableError
from tests.delivering import Finished, settings_for, trace
from tests.servers.process import until
from tests.unit.delivery.backend import MemoryBackend


def test_what_an_end_left_is_delivered_by_the_flush_after_it(tmp_path: Path) -> None:
    """Also where the end came while the backend was being connected to, which takes a new SQLite store seconds."""
    record, connecting, may_connect = trace(), threading.Event(), threading.Event()

    def connect_slowly() -> None:
        connecting.set()
        may_connect.wait(30)

    slow, prompt = MemoryBackend(react_to_opening=connect_slowly), MemoryBackend()
    backends = iter([slow, prompt])
    delivery = Delivery(settings_for(tmp_path, "http://127.0.0.1:1"), lambda: next(backends))
    delivery.start()
    delivery.put(Finished(record))
    assert connecting.wait(30)
    for timeout in (0.2, 30):  # the second waits until the end is over
        delivery.shutdown(timeout)
    may_connect.set()
    delivery.start()
    assert delivery.flush(30)
    assert (slow.ids(), prompt.ids()) == (set(), {record.trace_id})
    delivery.shutdown()


@pytest.mark.timeout(40)
def test_a_backend_that_hangs_keeps_no_end_with_nothing_to_deliver(tmp_path: Path) -> None:
    """Nor is the spool opened anew by what finds out where to deliver when nobody delivers any more."""
    connecting, may_connect = threading.Event(), threading.Event()

    def hang() -> None:
        connecting.set()
        may_connect.wait(60)

    delivery = Delivery(settings_for(tmp_path), lambda: MemoryBackend(react_to_opening=hang))
    delivery.start()
    (forwarder,) = (thread for thread in threading.enumerate() if thread.name == "otel-mlflow-forwarder")
    assert connecting.wait(30)
    delivery.shutdown(timeout=3600)
    may_connect.set()
    forwarder.join(30)
    assert not forwarder.is_alive()
    assert list(tmp_path.glob("*.owner")) == []


def test_a_status_after_the_end_keeps_nothing_open(tmp_path: Path) -> None:
    """A lifespan may begin and end thousands of times in one process, and each ends with a look at the figures."""
    delivery = Delivery(settings_for(tmp_path), MemoryBackend)
    delivery.start()
    delivery.put(Finished(trace()))
    delivery.shutdown(30)
    until(lambda: delivery.status().counts.delivered == 1, seconds=30, waiting_for=lambda: "the figures")
    until(lambda: not list(tmp_path.glob("*.owner")), seconds=30, waiting_for=lambda: "the spool to be closed")


def test_a_flush_delivers_where_nobody_has_started_delivery(tmp_path: Path) -> None:
    """A script that serves no request waits for nothing in vain; without anything to deliver nobody is asked."""
    backend, record = MemoryBackend(), trace()
    delivery = Delivery(settings_for(tmp_path), lambda: backend)
    assert delivery.flush(30)
    assert backend.opened == 0
    delivery.put(Finished(record))
    assert delivery.flush(30)
    assert backend.ids() == {record.trace_id}
    delivery.shutdown()


def test_a_flush_delivers_what_came_after_the_end(tmp_path: Path) -> None:
    """As feedback does, or the rest of a request that was open."""
    backend, record = MemoryBackend(), trace()
    delivery = Delivery(settings_for(tmp_path), lambda: backend)
    delivery.start()
    delivery.shutdown()
    delivery.put(Finished(record))
    assert delivery.flush(30)
    assert backend.ids() == {record.trace_id}
    delivery.shutdown()


def test_a_flush_after_the_end_keeps_nothing_open(tmp_path: Path) -> None:
    """With nothing to deliver nothing starts, so that nobody would close it."""
    delivery = Delivery(settings_for(tmp_path), MemoryBackend)
    delivery.start()
    delivery.shutdown(30)
    assert delivery.flush(30)
    assert list(tmp_path.glob("*.owner")) == []


@pytest.mark.timeout(40)
def test_nobody_waits_for_what_is_not_going_to_be_tried(tmp_path: Path) -> None:
    """The backend has asked to be left alone for longer than a flush or an end has time."""

    def ask_for_an_hour(_batch: object) -> None:
        raise RetryableError("not now", retry_after=3600)

    delivery = Delivery(settings_for(tmp_path), lambda: MemoryBackend(react=ask_for_an_hour))
    delivery.start()
    delivery.put(Finished(trace()))
    assert not delivery.flush(300)
    delivery.shutdown(300)
    assert delivery.status().counts.pending == 1


class PatientClock(SystemClock):
    """A clock on which traces linger until somebody hurries."""

    def wait(self, event: threading.Event, timeout: float | None) -> bool:
        """Wait for the event, for much longer where traces linger."""
        return super().wait(event, 60 if timeout == LINGER else timeout)


def test_a_flush_does_not_linger(tmp_path: Path) -> None:
    """Nor does the next one: what it has had written down is sent at once."""
    delivery = Delivery(settings_for(tmp_path, "http://127.0.0.1:1"), MemoryBackend, clock=PatientClock())
    delivery.start()
    for _ in range(20):
        delivery.put(Finished(trace()))
        assert delivery.flush(20)
    delivery.shutdown()
