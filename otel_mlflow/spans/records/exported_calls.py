"""The calls of a trace that MLflow has already: what another instrumentation says of one later is no second call.

LangSmith and others export on a thread of their own, often after the record with the call was written. Only numbers
are kept: a reference to a span's state would keep its trace alive.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from otel_mlflow.spans.records.model_calls import ModelCall

MAX_CALLS = 100
"""Of one trace: the latest. A connection that lasts must not grow."""


@dataclass(frozen=True)
class ExportedCall:
    """A call that MLflow has, the span that shows it, and the sources of what was folded into it."""

    span_id: int
    parent_id: int
    call: ModelCall
    start: int
    end: float
    sources: set[str] = field(default_factory=set)

    def stands_for(self, call: ModelCall, source: str) -> bool:
        """Whether it shows this call rather than what the source says of it."""
        return self.call.shows(call) and source not in self.sources

    def overlaps(self, start: int, end: float) -> bool:
        """Whether it was going on at that time."""
        return self.start < end and start < self.end


class ExportedCalls:
    """The latest calls of one trace."""

    def __init__(self) -> None:
        self._calls: deque[ExportedCall] = deque(maxlen=MAX_CALLS)

    def add(self, exported: ExportedCall) -> None:
        """MLflow gets the span."""
        self._calls.append(exported)

    def start_time(self, span_id: int) -> int:
        """Of the call with that span, or of the first that it shows; 0 where there is none."""
        return min((exported.start for exported in self._calls if exported.span_id == span_id), default=0)

    def match(self, parent_id: int, call: ModelCall, source: str, start: int, end: float) -> int | None:
        """The id of the span into which one under this parent is folded; it takes no other of the source."""
        open_to_it = [exported for exported in self._calls if exported.stands_for(call, source)]
        around = [exported for exported in open_to_it if exported.span_id == parent_id]
        around = around or self._frameworks(parent_id, call, source)
        beside = [each for each in open_to_it if each.parent_id == parent_id and each.overlaps(start, end)]
        found = around or sorted(beside, key=lambda exported: abs(exported.start - start))
        if not found:
            return None
        found[0].sources.add(source)
        return found[0].span_id

    def _frameworks(self, span_id: int, client: ModelCall, source: str) -> list[ExportedCall]:
        """The framework's call with that span, if nobody has told of the client's that it is made with."""
        if any(each.parent_id == span_id and each.call.kind == "model" for each in self._calls):
            return []
        of_span = [each for each in self._calls if each.span_id == span_id and each.call.is_made_with(client)]
        return [each for each in of_span if source not in each.sources]
