"""What travels through delivery, from a request to the backend."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal, Protocol

Outcome = Literal["excluded", "sampled_out", "filtered", "traced"]
"""What became of a request; `requests` is the sum of all."""

Tally = Counter[str]
"""Additions to the counters that live in the spool."""


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """What delivery carries: one trace, or a fragment of one.

    `trace_id` is MLflow's (`tr-…`); `spans` a serialized OTLP `ExportTraceServiceRequest`; `info` the JSON of what
    OTLP does not carry, empty for a fragment; `experiment` the name of the experiment chosen for this request, None
    for the configured one; `counted` tells whether the record stands for a request. `earlier` are more such requests,
    where the spans are too many for one: the root is in the last.
    """

    trace_id: str
    spans: bytes
    info: bytes
    experiment: str | None
    counted: bool
    earlier: tuple[bytes, ...] = ()

    def split(self) -> list[TraceRecord]:
        """A record for each request; the last one stands for the whole."""
        fragments = [replace(self, spans=spans, info=b"", counted=False, earlier=()) for spans in self.earlier]
        return [*fragments, replace(self, earlier=()) if fragments else self]


class Encodable(Protocol):
    """A finished trace, not yet written down."""

    counted: bool
    """Whether it stands for one request."""

    def encode(self) -> TraceRecord:
        """Write it down. Called once, on the writer's thread."""


class Stage(Enum):
    """What a record in the spool still waits for."""

    WHOLE = "whole"
    """The backend has nothing of it yet."""
    METADATA = "details"
    """The backend has its spans; what OTLP does not carry is still to come."""
    FEEDBACK = "feedback"
    """It is no trace but feedback about one."""


@dataclass(frozen=True, slots=True)
class SpooledTrace:
    """A trace, a fragment of one or the missing part of one, as it lies in the spool."""

    id: int
    trace_id: str
    spans: bytes
    info: bytes
    experiment: str | None
    is_never_sent: bool = False
    """Whether nothing of its info can have reached the backend yet, from this record or an earlier one's."""
    attempts: int = 0
    """How often it has been tried to send its info."""


OnArrival = Callable[[Sequence[SpooledTrace]], None]
"""Called with traces that the backend has whole, on the forwarder's thread: it must not block."""


@dataclass(frozen=True, slots=True)
class SpooledFeedback:
    """Feedback about a trace; `payload` is what `otel_mlflow.feedback` wrote."""

    id: int
    trace_id: str
    payload: bytes
    attempts: int

    @property
    def assessment_id(self) -> str:
        """The id that MLflow is to keep it under."""
        return str(json.loads(self.payload)["assessment"]["assessment_id"])
