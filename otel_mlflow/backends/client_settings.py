"""What MLflow's REST client reads from the process's environment for every request, whomever it goes to."""

from __future__ import annotations

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.settings.environment import text_of

WORKSPACE = "MLFLOW_WORKSPACE"
WORKSPACE_HEADER = "X-MLFLOW-WORKSPACE"
"""Names the workspace on a server that has several (`mlflow.utils.workspace_utils`)."""

TRAFFIC_ID = "_MLFLOW_DATABRICKS_TRAFFIC_ID"
TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"


def request_headers(workspace: str | None = None) -> dict[str, str]:
    """The headers of MLflow's header providers, and the workspace's; `workspace` wins over the environment."""
    headers = _headers_of_plugins()
    if workspace := workspace or text_of(WORKSPACE):
        headers.setdefault(WORKSPACE_HEADER, workspace)
    if traffic_id := text_of(TRAFFIC_ID):
        headers["x-databricks-traffic-id"] = traffic_id
    return headers


def _headers_of_plugins() -> dict[str, str]:
    if not INTEGRATIONS.works("mlflow_request_headers"):
        return {}
    from mlflow.tracking.request_header.registry import resolve_request_headers

    return {str(name): str(value) for name, value in resolve_request_headers().items()}  # type: ignore[no-untyped-call]


def response_timeout(default: float) -> float:
    """Seconds for a response; `default` where MLflow's variable is not set to a number of them."""
    try:
        seconds = float(text_of(TIMEOUT) or default)
    except ValueError:
        return default
    return seconds if 0 < seconds < float("inf") else default
