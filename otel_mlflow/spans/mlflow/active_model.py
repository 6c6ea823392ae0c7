"""The model that `mlflow.set_active_model` or `MLFLOW_ACTIVE_MODEL_ID` has made active."""

from __future__ import annotations

from typing import Any

from otel_mlflow.integrations import INTEGRATIONS


def active_model_id() -> str | None:
    """Its id; None where there is none, or several threads have one each."""
    if not INTEGRATIONS.works("mlflow_active_model"):
        return None
    import mlflow.tracking.fluent

    mlflow_fluent: Any = mlflow.tracking.fluent
    model_id: str | None = mlflow_fluent._get_active_model_id_global()
    return model_id
