"""Who we are to the workspace."""

from __future__ import annotations

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from
from otel_mlflow.backends.response import error_for

ME = "/api/2.0/preview/scim/v2/Me"
UNKNOWN = "unknown"


def who_am_i(http: HttpClient, backend: str) -> str:
    """The user's name, or the service principal's application id; `unknown` where that is not known.

    Raises `CredentialsRejectedError` where the credentials are rejected, `RetryableError` where no response comes.
    """
    response = http.get(ME, {})
    if response.status in (408, 429) or response.status >= 500:
        raise error_for(response, backend)
    return str(json_from(response, backend).get("userName") or UNKNOWN) if response.status == 200 else UNKNOWN
