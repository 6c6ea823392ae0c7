"""The file that holds the spans of a classic trace, as MLflow writes it (`mlflow.entities.TraceData`)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan


def span_file(spans: Iterable[ProtoSpan], before: bytes = b"") -> bytes:
    """The file that holds these spans, and those of the file that was there `before`."""
    from mlflow.entities import Span

    written: list[dict[str, Any]] = json.loads(before or b'{"spans": []}')["spans"]
    written += [Span.from_otel_proto(span).to_dict() for span in spans]
    by_id = {span["span_id"]: span for span in written}
    return json.dumps({"spans": list(by_id.values())}, ensure_ascii=False, default=str).encode()
