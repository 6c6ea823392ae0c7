"""Nothing that is printed of settings shows a secret."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from otel_mlflow.errors import SettingsError
from otel_mlflow.settings import Settings
from tests.unit.settings.files import write


@pytest.mark.parametrize("show", [repr, str, lambda settings: str(settings.redacted()), lambda it: repr(it.otlp)])
def test_headers_of_the_collector_are_masked(show: Any) -> None:
    """They hold the collector's credentials."""
    shown = show(Settings(otlp={"headers": {"api-key": "hunter2"}}))
    assert "hunter2" not in shown
    assert "***" in shown


def test_credentials_in_the_tracking_uri_are_masked() -> None:
    """The host can be seen, the credentials cannot."""
    settings = Settings(tracking_uri="https://me:hunter2@mlflow.example:5000/x")
    assert repr(settings) == "Settings(tracking_uri='https://***@mlflow.example:5000/x')"


@pytest.mark.parametrize(
    "text",
    [
        "otlp: {headers: [hunter2]}",
        "otlp: {headers: {a: [hunter2]}}",
        "otlp: hunter2",
        "otlp: {endpoint: 'ftp://me:hunter2@collector'}",
        "tracking_uri: https://me:hunter2@",
        "tracking_uri: https://me:a/hunter2@host",
        "tracking_uri: foo://me:a@hunter2@host",
        "otlp: {headers: 'Authorization: Bearer hunter2='}",
        "otlp: {headers: hunter2",
    ],
)
def test_no_error_repeats_a_secret(text: str) -> None:
    """What cannot be used is masked in the message as well, and nothing is chained that shows it."""
    write(text)
    with pytest.raises(SettingsError) as caught:
        Settings()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
