"""What MLflow puts into every trace of a process."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from otel_mlflow import mlflow_names
from otel_mlflow.integrations import INTEGRATIONS


def process_metadata() -> Mapping[str, str]:
    """What goes into a trace that ends now: who and what runs this process, and its active model."""
    model_id = _active_model_id()
    return {**environment_metadata(), mlflow_names.MODEL_ID: model_id} if model_id else environment_metadata()


@functools.cache
def environment_metadata() -> Mapping[str, str]:
    """Who and what runs this process (`mlflow.user`, `mlflow.source.name`, …)."""
    if not INTEGRATIONS.works("mlflow_environment"):
        return {}
    from mlflow.tracing.utils.environment import resolve_env_metadata

    found: Mapping[str, str] = resolve_env_metadata()
    return found


def _active_model_id() -> str | None:
    """The model of `mlflow.set_active_model` or `MLFLOW_ACTIVE_MODEL_ID`.

    None where there is none, or several threads have one each.
    """
    if not INTEGRATIONS.works("mlflow_active_model"):
        return None
    import mlflow.tracking.fluent

    mlflow_fluent: Any = mlflow.tracking.fluent
    model_id: str | None = mlflow_fluent._get_active_model_id_global()
    return model_id
