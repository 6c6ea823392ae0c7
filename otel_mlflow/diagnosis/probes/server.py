"""An MLflow tracking server: what it is, and whether it lets us in."""

from __future__ import annotations

import functools

from packaging.version import Version

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from
from otel_mlflow.backends.response import error_for
from otel_mlflow.backends.server_version import PATH, version_in
from otel_mlflow.backends.tracking_credentials import ANONYMOUS, TrackingCredentials
from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn

TAKES_OTLP = Version("3.6")
"""The first MLflow server that takes traces over OTLP."""

LOG_IN = (
    "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, where the app is started, "
    "to credentials that this server knows"
)


class ServerProbe:
    """The server at `uri`; `timeouts` are seconds for connecting and for a response."""

    def __init__(self, uri: str, timeouts: tuple[float, float], workspace: str | None = None) -> None:
        self._uri = uri.rstrip("/")
        self._timeouts = timeouts
        self._workspace = workspace

    def reach(self) -> CheckResult:
        """Ask for its version."""
        response = self._client.get(PATH, {})
        address = self._credentials.shown_uri
        version = version_in(response)
        if version is None:
            return warn(
                f"{address} answers, but not as an MLflow server does: {response.status} when asked for its version"
                + (f", {response.page}{response.title}" if response.is_html else ""),
                "check that tracking_uri is the address of an MLflow server and not of something in front of it",
            )
        if version < TAKES_OTLP:
            return fail(
                f"MLflow {version} at {address} takes no traces over OTLP",
                f"upgrade the server to {TAKES_OTLP} or newer",
            )
        return ok(f"MLflow {version} answers at {address}")

    def identify(self) -> CheckResult:
        """Ask for something that everybody may see who may see anything."""
        response = self._client.get("/api/2.0/mlflow/experiments/search", {"max_results": "1"})
        credentials = self._credentials
        anonymous = credentials.identity == ANONYMOUS
        who = "without credentials" if anonymous else f"as {credentials.identity}, from {credentials.source}"
        if response.status == 401:
            return fail(
                f"{credentials.shown_uri} does not let us in {who}: {response.text or 'it answered 401'}", LOG_IN
            )
        if response.status == 200:
            json_from(response, f"MLflow at {credentials.shown_uri}")
        if response.status in (200, 403):
            return ok(f"{credentials.shown_uri} lets us in {who}")
        raise error_for(response, credentials.shown_uri)

    @functools.cached_property
    def _credentials(self) -> TrackingCredentials:
        return TrackingCredentials.read(self._uri, self._workspace)

    @functools.cached_property
    def _client(self) -> HttpClient:
        return self._credentials.client(connections=1, timeouts=self._timeouts)
