"""Every private name of another package that we lean on, by the integration that needs it."""

from __future__ import annotations

from otel_mlflow.integrations.of_frameworks import FRAMEWORKS
from otel_mlflow.integrations.of_mlflow import MLFLOW
from otel_mlflow.integrations.of_opentelemetry import OPENTELEMETRY

TABLE = {integration.name: integration for integration in (*OPENTELEMETRY, *MLFLOW, *FRAMEWORKS)}
"""The integrations by name."""
