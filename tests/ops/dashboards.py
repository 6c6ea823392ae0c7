"""Dashboards to look at, and clients to look at them with."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from otel_mlflow import Settings, Tracing, ops
from tests.ops.conftest import EXPERIMENT


def settings_of(store: Path, folder: Path, **more: Any) -> Settings:
    """Settings for the seeded store, with a spool of their own."""
    tracking_uri = more.pop("tracking_uri", f"sqlite:///{store}")
    return Settings(
        tracking_uri=tracking_uri,
        experiment_name=more.pop("experiment_name", EXPERIMENT),
        delivery={"spool_dir": folder / "spool"},
        **more,
    )


@contextmanager
def dashboard(settings: Settings, **options: Any) -> Generator[TestClient, None, None]:
    """A client of the dashboard, at its root."""
    tracing = Tracing(settings)
    try:
        with TestClient(ops.app(tracing, **options), raise_server_exceptions=True) as client:
            yield client
    finally:
        tracing.shutdown()
