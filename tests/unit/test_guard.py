"""The one guard between us and a user's request."""

from __future__ import annotations

import asyncio
import logging

import pytest

from otel_mlflow.guard import GUARD, SAY_AGAIN_AFTER, Guard, guarded


@guarded
def fail(error: BaseException) -> str:
    """Fail, on our side of a request."""
    raise error


def test_what_goes_wrong_is_counted_and_goes_no_further(caplog: pytest.LogCaptureFixture) -> None:
    """The request goes on with None."""
    GUARD.strict = False
    before = GUARD.failures
    assert fail(ValueError("seven")) is None
    assert GUARD.failures == before + 1


def test_what_goes_well_is_passed_on() -> None:
    """With its arguments, under its own name."""

    @guarded
    def add(one: int, other: int = 1) -> int:
        """Add."""
        return one + other

    assert add(1, other=2) == 3
    assert (add.__name__, add.__doc__) == ("add", "Add.")


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_what_is_not_ours_always_passes(error: BaseException) -> None:
    """Cancellation and the end of the interpreter are nobody's failure."""
    GUARD.strict = False
    before = GUARD.failures
    with pytest.raises(type(error)) as raised:
        fail(error)
    assert raised.value is error
    assert GUARD.failures == before


def test_our_own_tests_see_everything() -> None:
    """Strict, it raises the very error."""
    error = ValueError("seven")
    with pytest.raises(ValueError, match="seven") as raised:
        fail(error)
    assert raised.value is error


def test_a_failure_is_said_once_a_minute(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """With where, how many so far, and the traceback to report."""
    guard = Guard()
    now = 1_000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    caplog.set_level(logging.ERROR, "otel_mlflow")
    for _ in range(3):
        guard.report("a.place", ValueError("seven"))
    assert len(caplog.records) == 1
    assert "a.place (1 such failures so far); the request was not affected" in caplog.text
    assert "ValueError: seven" in caplog.text
    now += SAY_AGAIN_AFTER
    guard.report("a.place", ValueError("eight"))
    assert len(caplog.records) == 2
    assert "(4 such failures so far)" in caplog.text
