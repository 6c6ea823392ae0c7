"""What can be set, its default and why, and where each value came from.

The only reader of the environment in this package. Read once, at the start: a setting that cannot be used fails
there, with a message that names the culprit.
"""

from __future__ import annotations

from otel_mlflow.settings.fallback import load_or_disable
from otel_mlflow.settings.model import Settings
from otel_mlflow.settings.sections import (
    DeliverySettings,
    OtlpSettings,
    RunsSettings,
    TracingSettings,
    UnityCatalogSettings,
)

__all__ = [
    "DeliverySettings",
    "OtlpSettings",
    "RunsSettings",
    "Settings",
    "TracingSettings",
    "UnityCatalogSettings",
    "load_or_disable",
]
