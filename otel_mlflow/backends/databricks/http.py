"""HTTP to the workspace: the one identity on every request, renewed once where it is rejected."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import override

from otel_mlflow.backends.client_settings import request_headers
from otel_mlflow.backends.databricks.credentials import WorkspaceCredentials
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.response import Response
from otel_mlflow.errors import CredentialsRejectedError, RetryableError

WORKSPACE_ID_HEADER = "x-databricks-org-id"
"""Tells a host that serves several workspaces which one is meant (`mlflow.utils.rest_utils.http_request`)."""


class WorkspaceHttp(HttpClient):
    """Connections to the workspace that the credentials are for, kept between requests."""

    def __init__(
        self, credentials: WorkspaceCredentials, tracking_uri: str, *, connections: int, timeouts: tuple[float, float]
    ) -> None:
        headers = {WORKSPACE_ID_HEADER: str(credentials.workspace_id)} if credentials.workspace_id else {}
        super().__init__(
            credentials.host, headers, fresh_headers=request_headers, connections=connections, timeouts=timeouts
        )
        self.credentials = credentials
        self._tracking_uri = tracking_uri

    @override
    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        """Ask for something, as the one who is meant.

        Raises `CredentialsRejectedError` when that one is not let in, `RetryableError` when no response comes.
        """
        authorization = self.credentials.headers()
        response = self._try(method, path, body, {**headers, **authorization})
        if _is_rejected(response) and self.credentials.renew(authorization, self._tracking_uri):
            response = self._try(method, path, body, {**headers, **self.credentials.headers()})
        if _is_rejected(response):
            raise CredentialsRejectedError(
                f"{self.credentials.host} rejects the credentials from {self.credentials.described}: {response.text}",
                "correct them; that is picked up without a restart",
            )
        return response

    def _try(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        try:
            return super().send(method, path, body, headers)
        except RetryableError as error:
            raise RetryableError(f"{error.reason}; credentials: {self.credentials.described}", error.fix) from error


def _is_rejected(response: Response) -> bool:
    """Databricks answers 401, and 403 to a personal access token that it does not know."""
    return response.status == 401 or (response.status == 403 and "invalid access token" in response.text.lower())
