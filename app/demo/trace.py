"""The finished trace, read back from MLflow and shown as a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.demo.http import HttpError, get


@dataclass(frozen=True)
class Span:
    """What the tree shows of a span; times in nanoseconds since 1970."""

    span_id: str
    parent_id: str
    name: str
    start: int
    end: int

    @classmethod
    def from_json(cls, span: dict[str, Any]) -> Span:
        """Read a span of OTLP's JSON form."""
        start, end = int(span["start_time_unix_nano"]), int(span["end_time_unix_nano"])
        return cls(span["span_id"], span.get("parent_span_id", ""), span["name"], start, end)


def missing(mlflow_url: str, trace_id: str) -> str:
    """Why the trace cannot be shown yet; empty when it is complete."""
    try:
        return "" if fetch(mlflow_url, trace_id) else f"the trace {trace_id} has no spans"
    except HttpError as error:
        return str(error)


def fetch(mlflow_url: str, trace_id: str) -> list[Span]:
    """The spans of a complete trace. Raises `HttpError` while it is not there."""
    found = get(f"{mlflow_url}/api/3.0/mlflow/traces/get?trace_id={trace_id}&allow_partial=false")
    return [Span.from_json(span) for span in found["trace"].get("spans", [])]


def tree(spans: Sequence[Span]) -> Iterator[str]:
    """One line a span, in the order of their starts, each indented under its parent."""
    known = {span.span_id for span in spans}
    for span in _by_start(spans):
        if span.parent_id not in known:
            yield from _branch(span, spans, 0)


def _branch(span: Span, spans: Sequence[Span], depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}{span.name}  {(span.end - span.start) / 1e6:.0f} ms"
    for child in _by_start(spans):
        if child.parent_id == span.span_id:
            yield from _branch(child, spans, depth + 1)


def _by_start(spans: Sequence[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: span.start)
