"""An OpenTelemetry collector: whether it takes an export in which there is nothing."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import check_spans_taken
from otel_mlflow.backends.response import Response
from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok
from otel_mlflow.errors import DeliveryError
from otel_mlflow.settings.addresses import redacted_address

NOTHING = b""
"""An `ExportTraceServiceRequest` without spans."""


class CollectorProbe:
    """The collector whose traces endpoint is `endpoint`."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], timeouts: tuple[float, float]) -> None:
        self._endpoint = endpoint
        self._headers = headers
        self._timeouts = timeouts
        self._shown = redacted_address(endpoint)

    def reach(self) -> CheckResult:
        """Get any response."""
        return ok(f"the collector at {self._shown} answers ({self._response.status} to an empty export)")

    def identify(self) -> CheckResult:
        """See that it is not the credentials that it refuses."""
        source = "otlp.headers" if self._headers else "none"
        if self._response.status in (401, 403):
            return fail(
                f"the collector at {self._shown} refuses the credentials (from {source}): {self._response.status}",
                "set otlp.headers to what the collector asks for",
            )
        if self._response.status >= 300:
            return fail(
                f"the collector at {self._shown} does not take an empty export: it answered {self._response.status}",
                "check otlp.endpoint: it is the whole address, most often with the path /v1/traces",
            )
        try:
            check_spans_taken(self._response, f"the collector at {self._shown}", may_be_bare=True)
        except DeliveryError as error:
            return fail(error.reason, error.fix)
        return ok(f"the collector at {self._shown} takes an empty export (credentials: {source})")

    @functools.cached_property
    def _response(self) -> Response:
        client = HttpClient(self._endpoint, self._headers, timeouts=self._timeouts)
        return client.post("", NOTHING, {"Content-Type": "application/x-protobuf"})
