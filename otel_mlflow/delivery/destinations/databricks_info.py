"""A trace's info as a workspace takes it.

MLflow's own server works out from a trace's spans what its lists show. A workspace has the spans elsewhere, and wants
to be given: previews, the beginnings of inputs and outputs, token usage (`mlflow.tracing.processor.base_mlflow`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any, cast

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow.delivery.destinations.trace_info import trace_info
from otel_mlflow.delivery.records import SpooledTrace

METADATA_LENGTH = 250
"""Characters of a piece of metadata, to which MLflow's own client cuts it
(`mlflow.tracing.constant.MAX_CHARS_IN_TRACE_INFO_METADATA`). MLflow's own server has room for more."""

PREVIEWS = ("request_preview", "response_preview")
INPUTS, OUTPUTS, TOKEN_USAGE = "mlflow.traceInputs", "mlflow.traceOutputs", "mlflow.trace.tokenUsage"


def workspace_info(
    trace: SpooledTrace,
    experiment_id: str,
    run_id: str | None,
    spans: Iterable[ProtoSpan],
    earlier: Mapping[str, Any],
) -> dict[str, Any]:
    """`TraceInfo` as JSON. `run_id` is the run that was made of its request, `spans` are those sent with it.

    What only the root has is taken from `earlier`, the info that the workspace has, where the root is not among them.
    """
    info: dict[str, Any] = trace_info(trace, experiment_id, run_id)["trace"]["trace_info"]
    tokens = json.loads(trace.info).get("tokens")
    shown = _shown(spans) or _shown_before(earlier)
    metadata = {
        **{key: shown[key] for key in (INPUTS, OUTPUTS) if shown.get(key)},
        **({TOKEN_USAGE: json.dumps(tokens)} if tokens else {}),
        **info["trace_metadata"],
    }
    previews = {key: info.get(key) or shown[key] for key in PREVIEWS if info.get(key) or shown.get(key)}
    cut = {key: str(value)[:METADATA_LENGTH] for key, value in metadata.items()}
    return {**info, **previews, "trace_metadata": cut}


def _shown(spans: Iterable[ProtoSpan]) -> dict[str, str | None]:
    """What lists of traces show of the root's inputs and outputs, as MLflow's client picks it."""
    root = next((span for span in spans if not span.parent_span_id), None)
    if root is None:
        return {}
    from mlflow.entities import Span, TraceData
    from mlflow.tracing.utils.truncation import set_request_response_preview

    data = TraceData([Span.from_otel_proto(root)])
    previews = SimpleNamespace(request_preview=None, response_preview=None)
    try:
        set_request_response_preview(cast(Any, previews), data)
    except (TypeError, ValueError, AttributeError, LookupError):
        previews = SimpleNamespace(request_preview=data.request, response_preview=data.response)  # of no known shape
    return {**vars(previews), INPUTS: data.request, OUTPUTS: data.response}


def _shown_before(earlier: Mapping[str, Any]) -> dict[str, str | None]:
    metadata = earlier.get("trace_metadata", {})
    return {**{key: earlier.get(key) for key in PREVIEWS}, **{key: metadata.get(key) for key in (INPUTS, OUTPUTS)}}
