"""A stand-in of a Databricks workspace, and the environment of somebody who uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.servers.workspace import Workspace


@contextmanager
def signed_in(monkeypatch: pytest.MonkeyPatch, *services: Any) -> Iterator[Workspace]:
    """Start one with these services, and let the environment lead to it."""
    with Workspace(*services) as workspace:
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)
        yield workspace
