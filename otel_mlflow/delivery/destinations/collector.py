"""Any OpenTelemetry collector that takes OTLP over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from otel_mlflow.backends.http import HttpClient, error_for, redacted_uri
from otel_mlflow.delivery.destinations.base import Connected
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import RejectedError


class Collector:
    """The collector whose traces endpoint is `endpoint`."""

    accepts_metadata_later = False

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._headers = headers
        self._shown = redacted_uri(endpoint)

    def open(self) -> Connected:
        """Nothing to find out: OTLP has no question for it."""
        self._client = HttpClient(self._endpoint, self._headers)
        source = "otlp.headers" if self._headers else "none"
        return Connected(self._shown, None, "unknown", source)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Send the spans; there is no place in OTLP for the rest."""
        spans = b"".join(trace.spans for trace in batch)
        response = self._client.post("", spans, {"Content-Type": "application/x-protobuf"})
        if response.status >= 300:
            raise error_for(response, f"the collector at {self._shown}")

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """A collector has no feedback."""
        raise RejectedError("an OpenTelemetry collector takes no feedback")
