"""What the spans of a trace add up to while more of them are written."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow.spans.records.trace_summary import CALL_TYPES, TraceSummary, span_type_of


class WrittenSpan(NamedTuple):
    """A span as it was written; `is_root` for the trace's own."""

    name: str
    attributes: Mapping[str, Any]
    is_failed: bool
    duration_ms: int
    is_root: bool


class RunningSummary:
    """Each span counts once, also one that was written as cut short before it ended: as it was written last."""

    def __init__(self) -> None:
        self.calls_written = 0
        """How often a call of a model or a tool was written."""
        self._ended = TraceSummary()
        self._cut_short: dict[int, WrittenSpan] = {}

    def add(self, span_id: int, span: WrittenSpan, *, has_ended: bool) -> None:
        """Count a span, which replaces what was written of it before it had ended."""
        self.calls_written += span_type_of(span.attributes) in CALL_TYPES
        self._cut_short.pop(span_id, None)
        if has_ended:
            _count(self._ended, span)
        else:
            self._cut_short[span_id] = span

    def add_root(self, attributes: Mapping[str, Any], proto: ProtoSpan) -> None:
        """Take from the root how the request ended."""
        self._ended.add_root(attributes, proto)

    def to_tag(self) -> str:
        """The value of the tag."""
        if not self._cut_short:
            return self._ended.to_tag()
        summary = deepcopy(self._ended)
        for span in self._cut_short.copy().values():
            _count(summary, span)
        return summary.to_tag()


def _count(summary: TraceSummary, span: WrittenSpan) -> None:
    summary.add_span(
        span.name, span.attributes, is_failed=span.is_failed, duration_ms=span.duration_ms, is_root=span.is_root
    )
