"""What the tests of the integrations share."""

from __future__ import annotations

from collections.abc import Iterator

import mlflow
import pytest

from otel_mlflow.integrations import INTEGRATIONS


@pytest.fixture
def newly_probed(fresh_process: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Integrations that nobody has asked for yet; MLflow's provider is afterwards as it was."""
    monkeypatch.setattr(INTEGRATIONS, "_found", {})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    yield
    mlflow.tracing.reset()  # type: ignore[no-untyped-call]
