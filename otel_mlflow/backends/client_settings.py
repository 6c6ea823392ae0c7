"""What MLflow's REST client reads from the process's environment for every request, whomever it goes to."""

from __future__ import annotations

import socket

from urllib3.connection import HTTPConnection

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.settings.environment import text_of

WORKSPACE = "MLFLOW_WORKSPACE"
WORKSPACE_HEADER = "X-MLFLOW-WORKSPACE"
"""Names the workspace on a server that has several (`mlflow.utils.workspace_utils`)."""

TRAFFIC_ID = "_MLFLOW_DATABRICKS_TRAFFIC_ID"
TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
KEEPALIVE = "MLFLOW_HTTP_TCP_KEEPALIVE"

_KEEPALIVE_DEFAULTS = {"IDLE": 30, "INTERVAL": 10, "COUNT": 3}
"""MLflow's own: seconds before the first probe, seconds between two, probes without an answer."""

_SOCKET_OPTIONS = {
    "IDLE": getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None)),
    "INTERVAL": getattr(socket, "TCP_KEEPINTVL", None),
    "COUNT": getattr(socket, "TCP_KEEPCNT", None),
}
"""By the system: some have not all of them."""


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
    return _number(TIMEOUT, default)


def socket_options() -> list[tuple[int, int, int]]:
    """The options of each connection: probes find out that one is dead while nothing is sent, unless that is off."""
    options = [(level, name, int(value)) for level, name, value in HTTPConnection.default_socket_options]
    if text_of(KEEPALIVE).lower() in ("false", "0"):
        return options
    options.append((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1))
    for word, default in _KEEPALIVE_DEFAULTS.items():
        if (name := _SOCKET_OPTIONS[word]) is not None:
            options.append((socket.IPPROTO_TCP, name, int(_number(f"{KEEPALIVE}_{word}", default)) or default))
    return options


def _number(name: str, default: float) -> float:
    """What the variable is set to; `default` where that is no number above zero."""
    try:
        number = float(text_of(name) or default)
    except ValueError:
        return default
    return number if 0 < number < float("inf") else default
