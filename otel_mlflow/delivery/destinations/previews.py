"""What lists of traces show of the root's inputs and outputs, for backends that do not work it out themselves."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow.integrations import INTEGRATIONS

PREVIEWS = ("request_preview", "response_preview")
INPUTS, OUTPUTS = "mlflow.traceInputs", "mlflow.traceOutputs"


def previews_from(spans: Iterable[ProtoSpan]) -> dict[str, str | None]:
    """The previews of the root among `spans`, and its inputs and outputs, as MLflow's client picks them.

    Empty where the root is not among them.
    """
    root = next((span for span in spans if not span.parent_span_id), None)
    if root is None:
        return {}
    from mlflow.entities import Span, TraceData

    data = TraceData([Span.from_otel_proto(root)])
    return {**_picked(data), INPUTS: data.request, OUTPUTS: data.response}


def _picked(data: Any) -> dict[str, str | None]:
    """What MLflow picks of inputs and outputs; all of what has no shape that it knows."""
    whole = {"request_preview": data.request, "response_preview": data.response}
    if not INTEGRATIONS.works("mlflow_previews"):
        return whole
    from mlflow.tracing.utils.truncation import set_request_response_preview

    previews = SimpleNamespace(request_preview=None, response_preview=None)
    try:
        set_request_response_preview(cast(Any, previews), data)
    except (TypeError, ValueError, AttributeError, LookupError):
        return whole
    return vars(previews)
