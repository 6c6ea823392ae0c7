"""The pytest fixture `mlflow_traces`; pytest loads this module by its entry point."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from otel_mlflow.testing import CapturedTraces, capture


@pytest.fixture
def mlflow_traces() -> Iterator[CapturedTraces]:
    """The MLflow traces that the test produces."""
    with capture() as traces:
        yield traces
