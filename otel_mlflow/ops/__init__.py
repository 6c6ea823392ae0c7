"""The ops dashboard: figures of all workers and hosts, Prometheus metrics, health.

`app.mount("/ops", otel_mlflow.ops.app(tracing))`
"""

from __future__ import annotations

from otel_mlflow.ops.application import app

__all__ = ["app"]
