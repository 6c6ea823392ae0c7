"""A trace while its spans come in: handed over when its root has ended, and again when more of it ends."""

from __future__ import annotations

import threading
import weakref
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from opentelemetry.sdk.trace import ReadableSpan

from otel_mlflow.spans import registry
from otel_mlflow.spans.metadata import RootSummary, TraceMetadata
from otel_mlflow.spans.observer import RequestObserver
from otel_mlflow.spans.state import SpanState, attach_span_state

if TYPE_CHECKING:
    from otel_mlflow.delivery.records import TraceRecord
    from otel_mlflow.http.exchange import Exchange


class Owner(Protocol):
    """Who a trace belongs to: where it is put, and how it is written down."""

    @property
    def recorder(self) -> RequestObserver | None:
        """Who is told of every span that ends, where somebody wants to know."""

    def put(self, trace: OpenTrace) -> None:
        """Take a trace of which something is finished, to be encoded soon."""

    def samples(self, trace_id: int) -> bool:
        """Whether a trace is among those that are kept by their id."""

    def kept(self, entry: SpanState) -> SpanState:
        """The span itself if MLflow is going to show it, else the nearest one above it that it is."""

    def record(self, trace: OpenTrace, spans: list[SpanState], *, with_info: bool) -> TraceRecord:
        """Write finished spans down, and what is known of the trace as a whole if `with_info`."""


class OpenTrace:
    """One MLflow trace while its spans come in; handed over when its root has ended, and again when more of it ends.

    Handing over only queues the trace. What has ended by the time the queue is worked off is taken then: spans that
    end shortly after the root travel with it, and later ones follow as fragments of the same trace.
    """

    __slots__ = (
        "__weakref__",
        "_changed",
        "_cut",
        "_discarded",
        "_finished",
        "_lock",
        "_queued",
        "_released",
        "counted",
        "entries",
        "exchange",
        "experiment",
        "first",
        "fragment",
        "generators",
        "held",
        "info",
        "linked_prompts",
        "metadata",
        "name",
        "namesakes",
        "open_runs",
        "open_spans",
        "otel_trace_id",
        "owner",
        "request_id_json",
        "root",
        "root_summary",
        "seen_spans",
        "source_run",
        "tokens",
        "trace_id",
    )

    def __init__(self, owner: Owner, trace_id: int, *, otel_trace_id: int, counted: bool = False) -> None:
        self.owner = owner
        self.otel_trace_id = otel_trace_id
        self.counted = counted
        self.fragment = False
        self.root: SpanState | None = None  # until it was handed over
        self.exchange: Exchange | None = None
        self.metadata = TraceMetadata()
        self.root_summary: RootSummary | None = None
        self.info: Any = None
        self.entries: dict[int, SpanState] = {}
        self.generators: dict[FrameType, list[SpanState]] = {}
        self.experiment: str | None = None
        self.source_run: str | None = None
        self.linked_prompts: str | None = None
        self.open_runs: dict[str, dict[str, Any]] = {}
        self.held = False
        self.tokens: dict[str, int] = {}
        self.open_spans = 0
        self.seen_spans = 0
        self._lock = threading.Lock()
        self._finished: list[SpanState] = []
        self._released = False
        self._discarded = False
        self._queued = False
        self._changed = False
        self._cut = False
        self.first: OpenTrace | None = None
        self.namesakes: tuple[weakref.ref[OpenTrace], ...] = ()
        self.trace_id = 0
        self.rename(trace_id)

    def rename(self, trace_id: int) -> None:
        """Give the trace its MLflow id, 128 bits; spans that are open already learn of it."""
        registry.unregister(self)
        self.trace_id = trace_id
        self.name = f"tr-{trace_id:032x}"
        self.request_id_json = f'"{self.name}"'
        registry.register(self)

    def add(
        self,
        span: ReadableSpan,
        parent: SpanState | None,
        *,
        remote_parent_id: int | None = None,
        framework: bool = False,
    ) -> SpanState:
        """Take a started span into the trace, under `parent`, or under a span of another process."""
        entry = SpanState(span, self, parent)
        if remote_parent_id is not None:
            entry.remote_parent_id = remote_parent_id
        if framework:
            entry.framework = True
        attach_span_state(span, entry)
        if self.seen_spans == 0:
            self.root = entry
            self.fragment = remote_parent_id is not None
        with self._lock:
            self.entries[entry.span_id] = entry
            self.open_spans += 1
            self.seen_spans += not framework
        return entry

    def renumber(self, entry: SpanState, span_id: int) -> None:
        """Give an open span of the trace another id."""
        with self._lock:
            self.entries.pop(entry.span_id, None)
            self.entries[span_id] = entry
            entry.span_id = span_id

    def end(self, entry: SpanState) -> None:
        """Take note that a span has ended."""
        with self._lock:
            entry.ended = True
            self.open_spans -= 1
            for generator in entry.generators:
                self._leave(entry, generator)
            if self._discarded:
                self._let_go([entry])
            else:
                self._finished.append(entry)
        if self._released:
            self._queue()

    def enter(self, entry: SpanState, generators: tuple[FrameType, ...], opener: int) -> None:
        """Remember the generators whose bodies the span is open in: each step of them may run in another context."""
        with self._lock:
            entry.generators = generators
            entry.opener = opener
            for generator in generators:
                self.generators.setdefault(generator, []).append(entry)

    def _leave(self, entry: SpanState, generator: FrameType) -> None:
        remaining = self.generators[generator]
        remaining.remove(entry)
        if not remaining:
            del self.generators[generator]

    @property
    def released(self) -> bool:
        """Whether the trace was handed over, so that more of it follows by itself."""
        return self._released

    @property
    def discarded(self) -> bool:
        """Whether the trace is not kept."""
        return self._discarded

    def changed(self) -> None:
        """Something about the trace as a whole was set: said again if the trace was handed over already."""
        self._changed = True
        if self._released:
            self._queue()

    def release(self) -> None:
        """The trace is kept: hand it over, now and whenever more of it ends."""
        self._released = self._changed = True
        self._queue()

    def let_go(self) -> None:
        """Nothing holds the trace back any more (`held`): what was held is handed over."""
        self.held = False
        self.changed()

    def cut(self) -> None:
        """Nobody waits any more for what is still open: show it as cut short until it ends, which may be never."""
        with self._lock:
            self._cut = self.open_spans > 0
        if self._cut and self._released:
            self._queue()

    def abandon(self, entry: SpanState) -> None:
        """Show an open span as cut short until it ends, which may be never.

        Called while memory is tidied up, in any thread and in the middle of anything: takes no lock.
        """
        entry.abandoned = not entry.ended
        if entry.abandoned and self._released and not self._discarded:
            self.owner.put(self)

    def discard(self) -> None:
        """The trace is not kept: what has ended and what will end in it is let go."""
        with self._lock:
            self._discarded = True
            let_go, self._finished = self._finished, []
            self._let_go(let_go)

    def encode(self) -> TraceRecord:
        """What has ended since the last record, as one record. Called on delivery's writer thread."""
        with self._lock:
            self._queued = False
            changed, self._changed = self._changed, False
            spans, self._finished = self._finished, []
            cut, self._cut = self._cut, False
            still_open = [entry for entry in self.entries.values() if not entry.ended and (cut or entry.abandoned)]
        record = self.owner.record(self, spans + still_open, with_info=changed and not self.fragment)
        self.counted = False
        for entry in still_open:
            entry.abandoned = False
        with self._lock:
            self._let_go(spans)
        return record

    def _queue(self) -> None:
        with self._lock:
            if self._queued or self._discarded or self.held:
                return
            self._queued = True
        self.owner.put(self)

    def _let_go(self, spans: list[SpanState]) -> None:
        for entry in spans:
            entry.forget()
            if entry is self.root:
                self.root = None
        if self.open_spans == 0:
            self.entries.clear()
