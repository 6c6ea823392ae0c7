"""The tree of exceptions."""

from __future__ import annotations

import pickle

import pytest

from otel_mlflow.errors import (
    DeliveryError,
    MisconfigurationError,
    OtelMlflowError,
    RejectedError,
    RetryableError,
    SettingsError,
    TracingSetupError,
)


@pytest.mark.parametrize(
    "error", [SettingsError, TracingSetupError, DeliveryError, RetryableError, MisconfigurationError, RejectedError]
)
def test_one_root(error: type[Exception]) -> None:
    """Whoever catches the root catches all that is ours."""
    assert issubclass(error, OtelMlflowError)


def test_settings_error_is_a_value_error() -> None:
    """As a person who passes a wrong argument expects."""
    assert issubclass(SettingsError, ValueError)


def test_delivery_error_says_reason_and_fix() -> None:
    """The message is both; the parts can be had for themselves."""
    error = RetryableError("429 from the workspace", "nothing to do", retry_after=2.5)
    assert (str(error), error.reason, error.retry_after) == (
        "429 from the workspace; nothing to do",
        "429 from the workspace",
        2.5,
    )
    assert str(RejectedError("too large")) == "too large"


def test_delivery_error_can_be_handed_to_another_process() -> None:
    """A process pool may carry it."""
    error = pickle.loads(pickle.dumps(MisconfigurationError("401", "renew the token")))  # noqa: S301
    assert (error.reason, error.fix) == ("401", "renew the token")
