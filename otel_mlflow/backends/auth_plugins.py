"""MLflow's authentication plugins (`MLFLOW_TRACKING_AUTH`, and AWS's signatures).

They are made for requests: one may sign each request, or repeat it to answer a challenge. So where one is configured,
requests sends, over the same connections as ever.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from typing_extensions import override

from otel_mlflow.backends.required import require
from otel_mlflow.errors import MisconfigurationError

PLUGIN = "MLFLOW_TRACKING_AUTH"


def find_auth(name: str | None, *, aws_signature: bool) -> AuthBase | None:
    """The plugin of that name, as MLflow's own client finds it; None where none is configured.

    Raises `MisconfigurationError` where it is not installed, or fails.
    """
    from mlflow.exceptions import MlflowException

    try:
        return _aws_signature() if aws_signature else _plugin(name) if name else None
    except ImportError as error:
        raise MisconfigurationError(
            f"MLFLOW_TRACKING_AWS_SIGV4 is set, and its package is missing: {error}",
            "pip install requests-auth-aws-sigv4, or unset it",
        ) from error
    except MlflowException as error:
        raise MisconfigurationError(
            f"the plugin {name!r} of {PLUGIN} fails: {error.message}", f"check {PLUGIN}"
        ) from error


class AuthenticatedSession:
    """Sends requests over `pools`, with `auth` on each of them. `timeouts` are seconds for connecting and reading."""

    def __init__(self, pools: urllib3.PoolManager, auth: AuthBase, timeouts: tuple[float, float]) -> None:
        self._auth = auth
        self._timeouts = timeouts
        self._session = requests.Session()
        self._session.trust_env = False  # What the environment says of proxies and certificates is in the pools.
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(pools))

    def open(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        """Send a request; return urllib3's response, of which nothing but the head is read."""
        response = self._session.request(
            method,
            url,
            data=body,
            headers=headers,
            auth=self._auth,
            timeout=self._timeouts,
            stream=True,
            allow_redirects=False,
        )
        return response.raw


class _Adapter(HTTPAdapter):
    """Leaves connections, proxies and certificates to the pools that it is given."""

    def __init__(self, pools: urllib3.PoolManager) -> None:
        super().__init__()
        self._pools = pools

    @override
    def get_connection_with_tls_context(self, request: Any, verify: Any, proxies: Any = None, cert: Any = None) -> Any:
        return self._pools.connection_from_url(str(request.url))

    @override
    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """The pools do."""

    @override
    def request_url(self, request: Any, proxies: Any) -> str:
        url = str(request.url)
        return url if self._pools.proxy is not None and url.startswith("http://") else str(request.path_url)


def _plugin(name: str) -> AuthBase:
    require("mlflow_authentication")
    from mlflow.tracking.request_auth.registry import fetch_auth

    found: AuthBase | None = fetch_auth(name)  # type: ignore[no-untyped-call]
    if found is None:
        raise MisconfigurationError(
            f"{PLUGIN} names the plugin {name!r}, and no installed package provides it",
            "install the package that does where the application runs, or correct the name",
        )
    return found


def _aws_signature() -> AuthBase:
    signature: AuthBase = importlib.import_module("requests_auth_aws_sigv4").AWSSigV4("execute-api")
    return signature
