"""One writer and one forwarder for a process and destination, whoever made the `Tracing`."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_mlflow import Settings, Tracing
from otel_mlflow.delivery import DeliveryState
from otel_mlflow.delivery.delivery import shared_delivery
from otel_mlflow.delivery.subscribers import Subscribers
from tests.delivering import settings_for
from tests.servers.process import until
from tests.servers.scripted import ScriptedMlflow


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings that deliver to a server of the test's."""
    await_threads()
    with ScriptedMlflow() as server:
        yield settings_for(tmp_path, server.url)


def our_threads() -> list[str]:
    """The names of delivery's threads that run."""
    names = ("otel-mlflow-writer", "otel-mlflow-forwarder")
    return sorted(thread.name for thread in threading.enumerate() if thread.name in names)


def await_threads(*names: str) -> None:
    """Wait until these run and no others; those of a delivery that has ended may take a moment."""
    until(lambda: our_threads() == sorted(names), seconds=30, waiting_for=lambda: f"{names}, not {our_threads()}")


BOTH = ("otel-mlflow-forwarder", "otel-mlflow-writer")


@pytest.mark.usefixtures("fresh_process")
def test_a_hundred_applications_share_two_threads(settings: Settings) -> None:
    """And leave none behind."""
    apps = [Tracing(settings) for _ in range(100)]
    for tracing in apps:
        tracing.start()
    await_threads(*BOTH)
    for tracing in apps:
        tracing.shutdown()
    await_threads()


@pytest.mark.usefixtures("fresh_process")
def test_one_that_shuts_down_leaves_the_others_their_delivery(settings: Settings) -> None:
    """It waits for what there is, and the threads go on."""
    first, second = Tracing(settings), Tracing(settings)
    first.start()
    second.start()
    first.shutdown()
    await_threads(*BOTH)
    second.shutdown()
    await_threads()


def test_other_settings_are_another_delivery(settings: Settings, tmp_path: Path) -> None:
    """Another experiment, another spool."""
    first = shared_delivery(settings)
    assert shared_delivery(settings) is first
    assert shared_delivery(settings.model_copy(update={"experiment_name": "another"})) is not first


def test_a_delivery_that_nobody_refers_to_ends(settings: Settings) -> None:
    """As that of an application does which is gone without a word."""
    user = object.__new__(Settings)
    delivery = shared_delivery(settings)
    delivery.start(user)
    await_threads(*BOTH)
    del delivery, user
    gc.collect()
    await_threads()


def test_who_comes_later_hears_the_state(settings: Settings) -> None:
    """It is called with the last one."""
    subscribers: Subscribers[int] = Subscribers()
    subscribers(1)
    heard: list[int] = []
    subscribers.add(heard.append)
    subscribers(2)
    assert heard == [1, 2]


@pytest.mark.usefixtures("fresh_process")
def test_a_state_is_logged_once_for_all(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """However many applications it is the state of."""
    apps = [Tracing(settings) for _ in range(3)]
    for tracing in apps:
        tracing.start()
    until(lambda: apps[-1].experiment_id, seconds=30, waiting_for=lambda: "the experiment")
    for tracing in apps:
        tracing.shutdown()
    assert len([record for record in caplog.records if "traces go to" in record.getMessage()]) == 1


def test_a_subscriber_s_object_may_go() -> None:
    """Nobody is kept alive by wanting to know."""

    class Curious:
        def hear(self, state: DeliveryState) -> None:
            raise AssertionError("it is gone")

    subscribers: Subscribers[DeliveryState] = Subscribers()
    curious = Curious()
    subscribers.add(curious.hear)
    del curious
    gc.collect()
    subscribers(DeliveryState("ok", "", "", "", 0, None, "starting"))
