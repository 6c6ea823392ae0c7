"""Any OpenTelemetry collector that takes OTLP over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from otel_mlflow.backends.http import HttpClient, redacted_uri
from otel_mlflow.backends.proof import check_spans_taken
from otel_mlflow.delivery.destinations.base import Connected
from otel_mlflow.delivery.destinations.otlp import PROTOBUF, attributed_to
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import RejectedError


class Collector:
    """The collector whose traces endpoint is `endpoint`."""

    accepts_metadata_later = False

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._headers = headers
        self._backend = f"the collector at {redacted_uri(endpoint)}"

    def open(self) -> Connected:
        """Nothing to find out: OTLP has no question for it."""
        self._client = HttpClient(self._endpoint, self._headers)
        source = "otlp.headers" if self._headers else "none"
        return Connected(redacted_uri(self._endpoint), None, "unknown", source)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def needs_info(self, trace: SpooledTrace) -> bool:
        """OTLP has no place for it."""
        return False

    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Send the spans."""
        spans = b"".join(trace.spans for trace in batch)
        if spans:
            response = self._client.post("", spans, PROTOBUF)
            with attributed_to(batch):
                check_spans_taken(response, self._backend, may_be_bare=True)

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """A collector has no feedback."""
        raise RejectedError("an OpenTelemetry collector takes no feedback")
