"""Real OpenTelemetry Collectors between applications and MLflow."""

from __future__ import annotations
