"""Addresses show their host, and no secret."""

from __future__ import annotations

import pytest

from otel_mlflow.settings.addresses import redacted_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://me:hunter2@host:5000/x", "http://host:5000/x"),
        ("http://me:hun@ter2@host", "http://host"),
        ("postgresql://me:hun/ter2@host/db", "postgresql://host/db"),
        ("mysql+pymysql://me:hun?ter#2@host/db", "mysql+pymysql://host/db"),
        ("http://hunter2@host", "http://host"),
        (
            "postgresql://host/db?user=me&password=hunter2&sslmode=require",
            "postgresql://host/db?user=me&password=***&sslmode=require",
        ),
        ("postgresql://host/db?password=SECRET", "postgresql://host/db?password=***"),
        ("http://host/v1/traces?api_key=hunter2", "http://host/v1/traces?api_key=***"),
    ],
)
def test_what_is_secret_is_not_shown(address: str, shown: str) -> None:
    """Also where a password has characters in it that end one by the letter of RFC 3986."""
    assert redacted_address(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "http://host:5000/teams/a@b",
        "http://[::1]:5000/a@b",
        "sqlite:////srv/a@b/mlflow.db",
        "databricks://profile",
        "postgresql://host:5432/db?options=a@b",
        "",
    ],
)
def test_what_is_no_secret_is_shown(address: str) -> None:
    """An `@` alone makes no password."""
    assert redacted_address(address) == address
