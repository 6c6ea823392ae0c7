"""Who we are to the workspace."""

from __future__ import annotations

from otel_mlflow.delivery.destinations.http import HttpClient, error_for
from otel_mlflow.errors import NeedsRepair, TryAgain

ME = "/api/2.0/preview/scim/v2/Me"
UNKNOWN = "unknown"


def who_am_i(http: HttpClient, backend: str) -> str:
    """The user's name, or the service principal's application id; `unknown` to whom may not ask.

    Raises `NeedsRepair` where the credentials are rejected, `TryAgain` where no answer comes.
    """
    answer = http.get(ME, {})
    if answer.status == 403:
        return UNKNOWN
    if answer.status == 200:
        return str(answer.json().get("userName") or UNKNOWN)
    error = error_for(answer, backend)
    if isinstance(error, TryAgain):
        raise error
    raise NeedsRepair(error.reason, "check that DATABRICKS_HOST, or the profile's host, is a workspace's address")
