"""What people are told: one message when a state begins, one when it ends."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from otel_mlflow.backends.response import error_for_status
from otel_mlflow.delivery import Delivery, DeliveryState
from otel_mlflow.delivery.health import Health
from otel_mlflow.delivery.trouble import LocalTrouble
from otel_mlflow.errors import MisconfigurationError, RetryableError
from otel_mlflow.startup import describe
from tests.delivering import put, settings_for
from tests.servers.process import until
from tests.unit.delivery.backend import CONNECTED, FastClock, MemoryBackend

DOWN = RetryableError("http://m:5000 does not answer: connection refused", "check that it is running and reachable")
BEGUN = DeliveryState("degraded", DOWN.reason, DOWN.fix, "http://m:5000", 17, None, "ok")
ENDED = DeliveryState("ok", "", "", "http://m:5000", 17, CONNECTED, "degraded", DOWN.reason)


def test_the_message_of_a_beginning() -> None:
    """It names the backend, the reason, how much waits, and what to do."""
    message = describe(BEGUN)
    for word in ("http://m:5000 is degraded", DOWN.reason, "17 waiting", f"To do: {DOWN.fix}"):
        assert word in message


def test_the_message_of_an_end() -> None:
    """It names the backend, what has ended, how much is on its way, and that nothing needs doing."""
    message = describe(ENDED)
    for word in (CONNECTED.tracking_uri, "degraded", DOWN.reason, "17 that waited are on their way", "nothing needs"):
        assert word in message


def test_at_the_start_nothing_has_ended() -> None:
    """The first message says where traces go, and speaks of nothing before."""
    assert "ends" not in describe(dataclasses.replace(ENDED, before="starting", reason_before=""))


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
def test_every_trouble_says_what_to_do(status: int) -> None:
    """Also where that is to wait."""
    assert error_for_status(status, "it said no").fix


def test_the_gravest_trouble_is_told_first() -> None:
    """What a person must mend comes before what passes, the backend before the disk, and that before one experiment."""
    disk = LocalTrouble("disk full", "make room")
    health = Health(connected=CONNECTED, blocked={"theirs": MisconfigurationError("deleted", "restore it")})
    assert health.condition(None).reason == "deleted"
    assert health.condition(disk).reason == "disk full"
    assert health.troubled(DOWN, 0.0).troubled(DOWN, 0.0).condition(disk).state == "degraded"
    failed = health.troubled(MisconfigurationError("who are you?", "check"), 0.0).condition(disk)
    assert (failed.state, failed.reason) == ("failed", "who are you?")


def test_what_passes_once_takes_nothing_back() -> None:
    """Credentials that were rejected still are, where the next answer is only late; a backend that is gone is news."""
    rejected = Health(connected=CONNECTED).troubled(MisconfigurationError("who are you?", "check"), 0.0)
    late = rejected.troubled(DOWN, 0.0)
    assert late.condition(None).state == "failed"
    assert late.troubled(DOWN, 0.0).condition(None).state == "degraded"


@pytest.mark.parametrize(("seconds", "state"), [(1, "ok"), (15, "ok"), (60, "degraded"), (1e20, "degraded")])
def test_who_asks_for_a_long_wait_is_news_at_once(seconds: float, state: str) -> None:
    """The next attempt, which could tell, is minutes away."""
    throttled = RetryableError("answered 503", "wait", retry_after=seconds)
    assert Health(connected=CONNECTED).troubled(throttled, 0.0).condition(None).state == state


def test_each_state_is_told_once(tmp_path: Path) -> None:
    """A backend that is down for many attempts is one message, and its return another one."""
    told: list[DeliveryState] = []
    responses = [DOWN] * 4
    backend = MemoryBackend(react=lambda batch: _raise(responses.pop()) if responses else None)
    delivery = Delivery(settings_for(tmp_path), lambda: backend, clock=FastClock(), on_change=told.append)
    delivery.start()
    try:
        put(delivery, 1)
        until(lambda: backend.taken, seconds=30, waiting_for=lambda: f"delivery, not {delivery.status()}")
        until(lambda: told[-1].state == "ok", seconds=30, waiting_for=lambda: f"a word of it, not {told}")
    finally:
        delivery.shutdown(timeout=0.2)
    assert [state.state for state in told] == ["ok", "degraded", "ok"]
    assert (told[1].waiting, told[2].reason_before) == (1, DOWN.reason)
    json.dumps(delivery.status().to_dict())


def _raise(error: Exception) -> None:
    raise error
