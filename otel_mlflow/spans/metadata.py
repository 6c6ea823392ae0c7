"""What user code and the request say about a trace as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from otel_mlflow.spans.on_demand import OnDemand
from otel_mlflow.spans.records.running_summary import RunningSummary

_NO_TAGS: Mapping[str, str] = {}


class TraceMetadata:
    """`inputs` and `outputs` are JSON text, taken when they were set: the objects may change afterwards."""

    session: str | None = None
    user: str | None = None
    client_request_id: str | None = None
    inputs: str | None = None
    outputs: str | None = None
    summary: OnDemand[RunningSummary] = OnDemand(lambda _: RunningSummary())
    """What the spans written so far contribute to figures."""
    exported_inputs: str | None = None
    exported_outputs: str | None = None
    """What the root had of them when it was first written; set later, they are the trace's previews."""
    deleted_tags: frozenset[str] = frozenset()
    """The tags that were deleted after the trace was handed over, so that the backend may have them."""
    sent_tags: Mapping[str, str] = _NO_TAGS
    """Of a trace whose root another process has: the tags that were sent after it."""
    joined_as: str | None = None
    """Of a request that has joined its caller's trace: its span's id, in hexadecimal."""
    root_tags: dict[str, str] | None = None
    """The tags that the root was just written with, for the rest of the same record."""
    exported: tuple[Mapping[str, str], str | None, str | None] | None = None
    """Tags, session and user as the root's attributes have them, once the root is written."""
    told_until_ns: int | None = None
    """The end of the trace as the last info has it that takes a request of its own."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.params: dict[str, str] = {}
        self.metrics: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class RootSummary:
    """The trace's root in short, kept when the root itself has been handed over. Times in ns since the epoch."""

    name: str
    start_ns: int
    end_ns: int
    state: Literal["OK", "ERROR"]
