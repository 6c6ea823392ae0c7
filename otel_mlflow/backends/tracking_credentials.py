"""As whom we talk to an MLflow tracking server: what MLflow itself would use, read anew at each opening."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from requests.utils import get_auth_from_url

from otel_mlflow.backends.auth_plugins import PLUGIN, find_auth
from otel_mlflow.backends.client_settings import request_headers
from otel_mlflow.backends.http import HttpClient, basic
from otel_mlflow.backends.required import require
from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.settings.addresses import redacted_address, without_userinfo
from otel_mlflow.settings.environment import text_of

if TYPE_CHECKING:
    from mlflow.utils.rest_utils import MlflowHostCreds
    from requests.auth import AuthBase

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
    auth: AuthBase | None = field(default=None, repr=False)
    workspace: str | None = None

    @classmethod
    def read(cls, uri: str, workspace: str | None = None) -> TrackingCredentials:
        """Read MLFLOW_TRACKING_USERNAME and its kin, or ~/.mlflow/credentials, as MLflow's own client does.

        Raises `MisconfigurationError` where they contradict each other, or name a plugin that is not there.
        """
        found = _read(uri)
        identity, source, authorization = _identity(uri, found)
        auth = find_auth(found.auth, aws_signature=found.aws_sigv4)
        verify = found.server_cert_path or not found.ignore_tls_verification
        return cls(
            uri, redacted_address(uri), identity, source, authorization, verify, found.client_cert_path, auth, workspace
        )

    @property
    def backend(self) -> str:
        """The server, and as whom we ask it, as messages name it."""
        whom = "without credentials" if self.identity == ANONYMOUS else f"as {self.identity}, from {self.source}"
        return f"MLflow at {self.shown_uri} ({whom})"

    def client(self, *, connections: int, timeouts: tuple[float, float]) -> HttpClient:
        """An HTTP client that uses them."""
        return HttpClient(
            without_userinfo(self.uri),
            {"Authorization": self.authorization} if self.authorization else {},
            fresh_headers=functools.partial(request_headers, self.workspace),
            auth=self.auth,
            connections=connections,
            verify=self.verify,
            certificate=self.certificate,
            timeouts=timeouts,
        )


def _read(uri: str) -> MlflowHostCreds:
    require("mlflow_credentials")
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds

    try:
        found: MlflowHostCreds = get_default_host_creds(uri)  # type: ignore[no-untyped-call]
    except MlflowException as error:
        raise MisconfigurationError(f"MLflow's own settings contradict each other: {error.message}", "") from error
    except ValueError as error:
        # A flag of MLflow's that is neither true nor false: MLflow's words name the variable.
        raise MisconfigurationError(f"MLflow's own settings cannot be read: {error}", "correct the variable") from error
    return found


def _identity(uri: str, found: MlflowHostCreds) -> tuple[str, str, str | None]:
    """Who, known from where, and the header that says so. The order is MLflow's own."""
    if found.aws_sigv4:
        return "an AWS identity", "environment MLFLOW_TRACKING_AWS_SIGV4", None
    if found.auth:
        return f"the plugin {found.auth} has it", f"environment {PLUGIN}", _authorization(found)
    if found.username and found.password:
        return found.username, _source_of_password(), _authorization(found)
    if found.token:
        return "the bearer of a token", "environment MLFLOW_TRACKING_TOKEN", _authorization(found)
    username, password = get_auth_from_url(uri)
    if username:
        return username, "the tracking URI", basic(username, password)
    return ANONYMOUS, "none", None


def _authorization(found: MlflowHostCreds) -> str | None:
    """The header that MLflow's client sends; beside one of its Kubernetes plugins it sends no password."""
    if found.username and found.password and not str(found.auth).startswith("kubernetes"):
        return basic(found.username, found.password)
    return f"Bearer {found.token}" if found.token else None


def _source_of_password() -> str:
    in_environment = text_of("MLFLOW_TRACKING_PASSWORD")
    return "environment MLFLOW_TRACKING_PASSWORD" if in_environment else "file ~/.mlflow/credentials"
