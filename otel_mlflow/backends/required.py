"""Integrations without which a backend cannot be reached."""

from __future__ import annotations

from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.integrations import INTEGRATIONS


def require(integration: str) -> None:
    """Raise `MisconfigurationError` where the integration is left out."""
    if (left_out := INTEGRATIONS.missing(integration)) is not None:
        raise MisconfigurationError(left_out.reason, left_out.fix)
