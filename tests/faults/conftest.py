"""What the faults share: a strict guard, clean credentials, and a real MLflow server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from otel_mlflow.guard import GUARD
from tests.servers.process import FOREIGN_SETTINGS


@pytest.fixture(autouse=True)
def strict_guard() -> Iterator[None]:
    """Let what goes wrong in delivery's threads fail the test."""
    GUARD.strict = True
    yield
    GUARD.strict = False


@pytest.fixture(autouse=True)
def no_foreign_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody's environment decide where traces go."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_SETTINGS):
            monkeypatch.delenv(name)
