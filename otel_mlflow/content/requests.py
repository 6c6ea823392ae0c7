"""What a request without a body asked for, without secrets.

Its address says more than its parameters do: `link` in `/reset-password/{link}` is a secret, `code` in
`/oauth/callback?code=…` is one. So what is hidden in the address is hidden in the parameters, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any
from urllib.parse import unquote_plus

from otel_mlflow.content.bodies import request_value
from otel_mlflow.content.names import REDACTED
from otel_mlflow.content.redact import Redactor


def redact_request(
    path: str, query_string: bytes | str, path_params: Mapping[str, Any], redactor: Redactor
) -> dict[str, Any]:
    """Say what a request asked for in its query and its path."""
    query = query_string.decode("latin-1") if isinstance(query_string, bytes) else query_string
    asked = request_value(query, path_params)
    address = f"{path}?{query}"
    hidden = {unquote_plus(address[slice(*place)]) for place in redactor.find(address)}
    without: dict[str, Any] = redactor.value(_without(asked, hidden) if hidden else asked)
    return without


def _without(value: Any, hidden: Set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, hidden) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, hidden) for item in value]
    return REDACTED if isinstance(value, str) and value in hidden else value
