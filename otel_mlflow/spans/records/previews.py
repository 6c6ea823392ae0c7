"""What lists of traces show of inputs and outputs that were set too late for the root: what MLflow would show of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal, cast

from otel_mlflow.guard import attempt
from otel_mlflow.integrations import INTEGRATIONS

PreviewName = Literal["request_preview", "response_preview"]


def preview_of(content: str, name: PreviewName) -> str:
    """Of a conversation the last message of its side, as MLflow's client picks it; of anything else all of it."""
    if not INTEGRATIONS.works("mlflow_previews"):
        return content
    from mlflow.tracing.utils.truncation import set_request_response_preview

    previews = SimpleNamespace(request_preview=None, response_preview=None)
    data = SimpleNamespace(request=content, response=content)
    error = attempt(set_request_response_preview, cast(Any, previews), cast(Any, data))
    shown: str | None = getattr(previews, name)
    return content if isinstance(error, Exception) or shown is None else shown
