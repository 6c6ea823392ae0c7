"""Any OpenTelemetry collector that takes OTLP over HTTP."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import check_spans_taken
from otel_mlflow.delivery.destinations.base import Connected
from otel_mlflow.delivery.destinations.otlp import PROTOBUF, attributed_to
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import RejectedError
from otel_mlflow.settings.addresses import redacted_address

JUDGED = "otel_mlflow.judged"
"""The name of a span, and of its attribute, by which a collector knows that a trace is to be kept."""

LEFT_BEHIND = (
    "runs, feedback, client request ids and experiments of single requests have no place in OTLP: they reach an MLflow "
    "server that tracking_uri names"
)


class Collector:
    """The collector whose traces endpoint is `endpoint`."""

    accepts_metadata_later = False

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._headers = headers
        self._backend = f"the collector at {redacted_address(endpoint)}"

    def open(self) -> Connected:
        """Nothing to find out: OTLP has no question for it."""
        self._client = HttpClient(self._endpoint, self._headers)
        source = "otlp.headers" if self._headers else "none"
        return Connected(redacted_address(self._endpoint), None, "unknown", source, LEFT_BEHIND)

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

    def ask_to_keep(self, trace_id: str) -> None:
        """Send a span to the trace which says that somebody has judged it: a collector that samples keeps the trace.

        config/collector/ takes the span out again behind the sampling.
        """
        request = ExportTraceServiceRequest()
        span = request.resource_spans.add().scope_spans.add().spans.add(name=JUDGED)
        span.trace_id = bytes.fromhex(trace_id.removeprefix("tr-"))
        # Of a parent that is not there, so that nobody takes it for the trace's root.
        span.span_id, span.parent_span_id = secrets.token_bytes(8), secrets.token_bytes(8)
        span.start_time_unix_nano = span.end_time_unix_nano = time.time_ns()
        span.attributes.add(key=JUDGED).value.string_value = "true"
        response = self._client.post("", request.SerializeToString(), PROTOBUF)
        check_spans_taken(response, self._backend, may_be_bare=True)

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """A collector has no feedback."""
        raise RejectedError("an OpenTelemetry collector takes no feedback")
