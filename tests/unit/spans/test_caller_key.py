"""Signatures: what they prove, and for how long."""

from __future__ import annotations

import time

import pytest

from otel_mlflow.spans.caller_key import MAX_AGE, CallerKey
from tests.unit.callers import KEY, OTHER_KEY

SPAN = f"{7:032x}-{9:016x}"


def signature(key: CallerKey, experiment: str = "agent") -> str:
    """What is behind the span's name."""
    return key.signed(SPAN, experiment).removeprefix(f"{SPAN}-")


def test_a_signature_is_believed_by_whoever_has_the_key() -> None:
    """For one of the names that the experiment goes by."""
    assert CallerKey(KEY).vouches_for(SPAN, signature(CallerKey(KEY)), ("7", "agent"))
    assert not CallerKey(OTHER_KEY).vouches_for(SPAN, signature(CallerKey(KEY)), ("7", "agent"))
    assert not CallerKey(KEY).vouches_for(SPAN, signature(CallerKey(KEY)), ("7",))


@pytest.mark.parametrize(("age", "believed"), [(-MAX_AGE - 2, False), (0.0, True), (MAX_AGE + 2, False)])
def test_a_signature_is_believed_for_minutes(age: float, believed: bool) -> None:
    """Either way, for clocks differ."""
    at = time.time() + age
    assert CallerKey(KEY).vouches_for(SPAN, signature(CallerKey(KEY)), ("agent",), at=at) is believed


@pytest.mark.parametrize("missing", [None, ""])
def test_without_a_secret_nothing_is_signed_and_nobody_is_believed(missing: str | None) -> None:
    """An empty secret is none."""
    key = CallerKey(missing)
    assert (key.is_missing, key.signed(SPAN, "agent")) == (True, SPAN)
    assert not key.vouches_for(SPAN, signature(CallerKey(KEY)), ("agent",))
    assert not key.vouches_for(SPAN, "", ("agent",))
