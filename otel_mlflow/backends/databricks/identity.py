"""Who we are to the workspace."""

from __future__ import annotations

from otel_mlflow.backends.http import HttpClient, error_for

ME = "/api/2.0/preview/scim/v2/Me"
UNKNOWN = "unknown"


def who_am_i(http: HttpClient, backend: str) -> str:
    """The user's name, or the service principal's application id; `unknown` where that is not told.

    Raises `CredentialsRejectedError` where the credentials are rejected, `RetryableError` where no answer comes.
    """
    answer = http.get(ME, {})
    if answer.status in (408, 429) or answer.status >= 500:
        raise error_for(answer, backend)
    return str(answer.json().get("userName") or UNKNOWN) if answer.status == 200 else UNKNOWN
