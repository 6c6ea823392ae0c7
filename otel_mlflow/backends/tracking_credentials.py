"""As whom we talk to an MLflow tracking server: what MLflow itself would use, read anew at each opening."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from otel_mlflow.backends.http import HttpClient, redacted_uri

ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class TrackingCredentials:
    """Credentials for one server; the secrets are in `authorization` alone, which no repr shows."""

    uri: str = field(repr=False)
    shown_uri: str
    identity: str
    source: str
    authorization: str | None = field(repr=False)
    verify: bool | str
    certificate: str | None

    @classmethod
    def read(cls, uri: str) -> TrackingCredentials:
        """Read MLFLOW_TRACKING_USERNAME and its kin, or ~/.mlflow/credentials, as MLflow's own client does."""
        from mlflow.utils.credentials import get_default_host_creds

        found = get_default_host_creds(uri)  # type: ignore[no-untyped-call]
        identity, source, authorization = _identity(uri, found.username, found.password, found.token)
        verify = found.server_cert_path or not found.ignore_tls_verification
        return cls(uri, redacted_uri(uri), identity, source, authorization, verify, found.client_cert_path)

    @property
    def backend(self) -> str:
        """The server, and as whom we ask it, as messages name it."""
        whom = "without credentials" if self.identity == ANONYMOUS else f"as {self.identity}, from {self.source}"
        return f"MLflow at {self.shown_uri} ({whom})"

    def client(self, *, connections: int, timeouts: tuple[float, float]) -> HttpClient:
        """An HTTP client that uses them."""
        from mlflow.tracking.request_header.registry import resolve_request_headers

        headers = dict(resolve_request_headers())  # type: ignore[no-untyped-call]
        if self.authorization:
            headers["Authorization"] = self.authorization
        return HttpClient(
            self.shown_uri,
            headers,
            connections=connections,
            verify=self.verify,
            certificate=self.certificate,
            timeouts=timeouts,
        )


def _identity(uri: str, username: str | None, password: str | None, token: str | None) -> tuple[str, str, str | None]:
    """Who, known from where, and the header that says so. The order is MLflow's own."""
    if username and password:
        return username, _source_of_password(), basic(username, password)
    if token:
        return "the bearer of a token", "environment MLFLOW_TRACKING_TOKEN", f"Bearer {token}"
    parts = urlsplit(uri)
    if parts.username:
        return parts.username, "the tracking URI", basic(parts.username, parts.password or "")
    return ANONYMOUS, "none", None


def _source_of_password() -> str:
    from mlflow.environment_variables import MLFLOW_TRACKING_PASSWORD

    in_environment = MLFLOW_TRACKING_PASSWORD.get()  # type: ignore[no-untyped-call]
    return "environment MLFLOW_TRACKING_PASSWORD" if in_environment else "file ~/.mlflow/credentials"


def basic(username: str, password: str) -> str:
    """A header for HTTP basic authentication (RFC 7617)."""
    return "Basic " + base64.standard_b64encode(f"{username}:{password}".encode()).decode()
