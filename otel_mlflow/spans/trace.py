"""A trace while its spans come in, and what is known of each of its spans.

A span's state is found through the span object itself. So as long as anybody holds a span (a context, a task, a user's
variable), whatever is opened under it finds its trace, however late, and nothing has to be kept for that.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, Protocol

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import INVALID_SPAN_CONTEXT

from otel_mlflow.pacing import give_way, rest_if_due
from otel_mlflow.spans.caller_key import CallerKey
from otel_mlflow.spans.export_state import ExportState
from otel_mlflow.spans.langchain.run import LangChainRun
from otel_mlflow.spans.observer import RequestObserver
from otel_mlflow.spans.on_demand import OnDemand
from otel_mlflow.spans.records.running_summary import RunningSummary

if TYPE_CHECKING:
    from otel_mlflow.delivery.records import TraceRecord
    from otel_mlflow.http.exchange import Exchange

MANY_SPANS = 1000
"""Of a trace that has so many the finished ones are handed over before it ends, for the writer and the collector."""

SPAN_STATE = "_otel_mlflow_state"
"""The attribute of a span object in which its state is kept."""

_NO_TAGS: Mapping[str, str] = {}
_NO_TOKENS: Mapping[str, int] = {}
_NOTHING: Mapping[str, Any] = {}


class TraceOwner(Protocol):
    """Who an open trace belongs to: takes it, writes it down, and knows what of it is exported."""

    @property
    def observer(self) -> RequestObserver | None:
        """Who measures every span that ends, where somebody does."""

    @property
    def caller_key(self) -> CallerKey:
        """What callers are believed with, and outgoing calls are signed with."""

    @property
    def longest_content(self) -> int:
        """Bytes that are kept of inputs and outputs."""

    def experiments(self, exchange: Exchange | None) -> tuple[str, ...]:
        """The names that the experiment of a request, or of what belongs to none, goes by; the configured one first."""

    def trace_url(self, trace_id: str) -> str:
        """Where a trace opens in the MLflow UI, empty where nobody knows."""

    def enqueue(self, trace: OpenTrace) -> None:
        """Take a trace of which something is finished, to be written down soon."""

    def write_spans(self, trace: OpenTrace, spans: list[SpanState]) -> list[bytes]:
        """Write down some spans that are quickly written, as requests of OTLP's."""

    def enqueue_written(self, record: TraceRecord) -> None:
        """Take more of a trace, which is written down already."""

    def writes_quickly(self, state: SpanState) -> bool:
        """Whether a span that has ended is written in some microseconds, whatever else is."""

    def let_writer_in(self) -> None:
        """Let what is queued be written on: more of a trace waits than is good for anybody."""

    def samples(self, mlflow_trace_id_int: int) -> bool:
        """Whether a trace is among those that are kept by their id."""

    def nearest_exported(self, state: SpanState) -> SpanState:
        """The span itself if MLflow is going to show it, else the nearest one above it that it is."""

    def write(self, trace: OpenTrace, spans: list[SpanState], *, is_changed: bool) -> TraceRecord:
        """Write finished spans down, and what is known of the trace as a whole if that `is_changed`."""


class TraceIdentity:
    """Which trace this is. MLflow's id is OpenTelemetry's where the request is the first of its trace.

    `mlflow_trace_id` is the text that MLflow shows (`tr-…`), `mlflow_trace_id_json` that text as its client writes it
    into attributes, `mlflow_trace_id_int` the same 128 bits as a number.
    """

    __slots__ = ("mlflow_trace_id", "mlflow_trace_id_int", "mlflow_trace_id_json", "otel_trace_id")

    def __init__(self, mlflow_trace_id_int: int, otel_trace_id: int) -> None:
        self.mlflow_trace_id_int = mlflow_trace_id_int
        self.mlflow_trace_id = f"tr-{mlflow_trace_id_int:032x}"
        self.mlflow_trace_id_json = f'"{self.mlflow_trace_id}"'
        self.otel_trace_id = otel_trace_id


class TraceMetadata:
    """What user code and the request say about a trace as a whole.

    `inputs` and `outputs` are JSON text, taken when they were set: the objects may change afterwards.
    """

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


class SpanState:
    """One span of a trace: where it hangs in the MLflow tree, and what OpenTelemetry does not know of it.

    There is one for every span, so what most spans do not need is a default on the class.
    """

    remote_parent_id: int | None = None
    """The parent, where it is a span of another process."""
    readable: ReadableSpan | None = None
    """The span as it ended."""
    ended = False
    framework = False
    """Whether the web framework opened it about itself."""
    json_keys: frozenset[str] | set[str] = frozenset()
    """The attributes that MLflow wrote, and wrote as JSON."""
    beside: Mapping[str, Any] = _NOTHING
    """Attributes that MLflow wrote, where the span itself may keep less of them."""
    live: Any = None
    """MLflow's view of the span, once somebody asked for it."""
    cut_short: str | None = None
    """The name of the exception that ended it before its time, for one that is no error of the application."""
    holder: weakref.ref[Any] | None = None
    """MLflow's view of a span that MLflow opened, for as long as its opener holds it."""
    abandoned = False
    """Whether that view is gone and the span was not ended before."""
    handling = 0
    """The id of the exception that was being handled when the span started."""
    generators: tuple[FrameType, ...] = ()
    """The generators whose bodies the span is open in, where a `with` block in one opened it."""
    opener = 0
    """The task or thread that opened it there."""
    from_mlflow = False
    """Whether MLflow's API opened it."""
    below_mlflow = False
    """Whether a span that MLflow's API opened is above it: one without is what MLflow alone would take for a root."""
    attachments: Mapping[str, Any] | None = None
    """MLflow's attachments of the span, by id; the span has references to them."""
    maskers: Sequence[Any] = ()
    """What `mlflow.tracing.configure` had for a span as it ended that MLflow has not shown to it."""
    run: LangChainRun | None = None
    previous: SpanState | None = None
    """What was current before LangChain's callback made this span current."""
    folded_into: SpanState | None = None
    """The span that shows the same call."""
    folded: tuple[SpanState, ...] = ()
    """The spans of the same call that this one stands for."""
    is_written = False
    """Whether MLflow has the span already, or one below it."""
    is_known_by_id = False
    """Whether anybody else knows the span by its id: MLflow or another process."""
    left_out = 0
    """The spans below it that MLflow is not going to show, of those that have ended."""
    tokens: Mapping[str, int] | None = None
    """The tokens that the span reports."""
    tokens_below: Mapping[str, int] = _NO_TOKENS
    """What the spans below it that were written report."""

    def __init__(self, span: ReadableSpan, trace: OpenTrace, parent: SpanState | None) -> None:
        self.span: ReadableSpan | None = span
        self.span_id = (span.context or INVALID_SPAN_CONTEXT).span_id
        self.trace = trace
        self.parent = parent

    def descends_from(self, other: SpanState) -> bool:
        """Whether `other` is this span or one above it."""
        state: SpanState | None = self
        while state is not None and state is not other:
            state = state.parent
        return state is not None

    def forget(self) -> None:
        """Let go of the span, so that a finished trace leaves no reference cycle behind."""
        self.span = self.readable = self.live = self.previous = self.holder = None
        self.folded = ()


def span_state(span: object) -> SpanState | None:
    """The state of a span that was started under the bridge, else None."""
    return getattr(span, SPAN_STATE, None)


class SpanTree:
    """The spans of an open trace that are open or wait to be handed over, and the generators that they are open in.

    Starting and ending a span is one operation on the dictionary, which needs no lock. The lock guards the generators
    of each span together with the map of generators.
    """

    is_new = True
    """Whether no span has started yet."""
    has_inner_spans = False
    """Whether more than one span ever started, without those that a framework opened about itself."""
    has_runs = False
    """Whether one of the spans is a LangChain run."""
    _lock: OnDemand[threading.Lock] = OnDemand(lambda _: threading.Lock())

    def __init__(self) -> None:
        self.spans: dict[int, SpanState] = {}
        self.generators: dict[FrameType, list[SpanState]] = {}

    def add(self, state: SpanState) -> None:
        """A span has started."""
        self.spans[state.span_id] = state
        if self.is_new:
            self.is_new = False
        elif not state.framework:
            self.has_inner_spans = True

    @property
    def open_spans(self) -> int:
        """How many spans have not ended."""
        return sum(not state.ended for state in self.spans.copy().values())

    def renumber(self, state: SpanState, span_id: int) -> None:
        """Give a span another id."""
        self.spans[span_id] = self.spans.pop(state.span_id, state)
        state.span_id = span_id

    def enter(self, state: SpanState, generators: tuple[FrameType, ...], opener: int) -> None:
        """Remember the generators whose bodies the span is open in: each step of them may run in another context."""
        with self._lock:
            state.generators = generators
            state.opener = opener
            for generator in generators:
                self.generators.setdefault(generator, []).append(state)

    def leave(self, state: SpanState) -> None:
        """A span that is open in generators has ended."""
        with self._lock:
            for generator in state.generators:
                remaining = self.generators[generator]
                remaining.remove(state)
                if not remaining:
                    del self.generators[generator]

    def unfinished(self, *, all_of_them: bool) -> list[SpanState]:
        """The open spans that nobody waits for any more: all of them, or those whose openers are gone."""
        spans = self.spans.copy().values()
        return [state for state in spans if not state.ended and (all_of_them or state.abandoned)]

    def open_runs(self) -> list[SpanState]:
        """The spans of LangChain runs of which no end was told."""
        if not self.has_runs:
            return []
        return [state for state in self.spans.copy().values() if state.run is not None and not state.ended]

    def remove(self, states: list[SpanState]) -> None:
        """Let go of spans that have ended."""
        for state in states:
            rest_if_due()
            state.forget()
            self.spans.pop(state.span_id, None)


class OpenTrace:
    """One MLflow trace while its spans come in; handed over when its root has ended, and again when more of it ends.

    Handing over only queues the trace. What has ended by the time the queue is worked off is taken then: spans that
    end shortly after the root travel with it, and later ones follow as fragments of the same trace. One of `MANY_SPANS`
    is handed over as it comes where it is sure to be kept.
    """

    counted = fragment = False
    root: SpanState | None = None
    """The root, until it was handed over."""
    exchange: Exchange | None = None
    root_summary: RootSummary | None = None
    info: Any = None
    last_end_ns = 0
    """When the last of the spans that were written ended: work that was handed on may outlive the root."""
    experiment: str | None = None
    tokens: Mapping[str, int] = _NO_TOKENS
    exported_calls: Any = None
    """The calls that MLflow has already (`records/exported_calls.py`)."""
    runs: list[Any] | None = None
    """The active MLflow runs of the request, once somebody asks for them."""
    source_run: str | None = None
    linked_prompts: str | None = None
    _is_relieved = False
    """Whether some spans could be written where one ended, when that was tried last."""

    def __init__(self, owner: TraceOwner, identity: TraceIdentity) -> None:
        self.owner = owner
        self.identity = identity
        self.metadata = TraceMetadata()
        self.tree = SpanTree()
        self.export: ExportState[SpanState] = ExportState()
        self.open_runs: dict[str, dict[str, Any]] = {}

    def add(
        self,
        span: ReadableSpan,
        parent: SpanState | None,
        *,
        remote_parent_id: int | None = None,
        framework: bool = False,
    ) -> SpanState:
        """Take a started span into the trace, under `parent`, or under a span of another process."""
        state = SpanState(span, self, parent)
        state.remote_parent_id = remote_parent_id
        state.framework = framework
        setattr(span, SPAN_STATE, state)
        if self.tree.is_new:
            self.root = state
            self.fragment = remote_parent_id is not None
        self.tree.add(state)
        return state

    def end(self, state: SpanState) -> None:
        """Take note that a span has ended."""
        state.ended = True
        if state.generators:
            self.tree.leave(state)
        if not self.export.add_finished(state):
            self._let_go([state])
        elif self.export.released:
            self._hand_over_more()
        elif len(self.export.finished) >= MANY_SPANS:
            self._relieve()

    @property
    def tags(self) -> dict[str, str]:
        """The tags that were set, through us or MLflow, whose functions change them in the info."""
        tags: dict[str, str] = self.info.tags if self.info is not None else self.metadata.tags
        return tags

    @property
    def explicit_tags(self) -> dict[str, str]:
        """The tags that were set, as text."""
        return {str(key): str(value) for key, value in self.tags.items()}

    def note_deleted(self, tags: Set[str]) -> None:
        """Tags were deleted: at the backend, too, if it may have them."""
        if tags and self.export.released:
            self.metadata.deleted_tags |= tags

    def mark_changed(self) -> None:
        """Something about the trace as a whole was set: sent again if the trace was handed over already."""
        if self.export.mark_changed():
            self.owner.enqueue(self)

    def release(self) -> None:
        """The trace is kept: hand it over, now and whenever more of it ends."""
        if self.export.release():
            self.owner.enqueue(self)

    def release_early(self) -> None:
        """The trace is kept, and lasts: hand over what has ended of it, so that it leaves memory."""
        if self.export.release_early():
            self.owner.enqueue(self)

    def drop_finished(self) -> None:
        """Let go of the spans so far: the trace lasts, and is not going to be kept but for an error."""
        self._let_go(self.export.drop_finished())

    def restate_root(self, root: SpanState, span: ReadableSpan) -> None:
        """The root's outcome is another than it seemed: hand it over again if it was already."""
        self.root_summary = None
        if not self.export.takes_with_next(root):
            again = copy(root)
            again.span = again.readable = span
            self.root = again
            self.export.add_finished(again)
        self.mark_changed()

    def resume(self) -> None:
        """Nothing holds the trace back any more (`held`): what was held is handed over."""
        self.export.held = False
        self.mark_changed()

    def cut(self) -> None:
        """Nobody waits any more for what is still open: show it as cut short until it ends, which may be never."""
        if self.tree.open_spans > 0 and self.export.mark_cut():
            self.owner.enqueue(self)

    def abandon(self, state: SpanState) -> None:
        """Show an open span as cut short until it ends, which may be never.

        Called while memory is tidied up, in any thread and in the middle of anything: takes no lock.
        """
        state.abandoned = not state.ended
        if state.abandoned and self.export.released and not self.export.discarded:
            self.owner.enqueue(self)

    def discard(self) -> None:
        """The trace is not kept: what has ended and what will end in it is let go."""
        self._let_go(self.export.discard())

    def encode(self) -> TraceRecord:
        """What has ended since the last record, as one record. Called on delivery's writer thread."""
        with self.export.writing:
            batch = self.export.take()
            unfinished = self.tree.unfinished(all_of_them=batch.is_cut)
            record = self._write(batch.finished, unfinished, is_changed=batch.is_changed)
            for state in unfinished:
                state.abandoned = False
            return replace(record, earlier=(*batch.written, *record.earlier)) if batch.written else record

    def _relieve(self) -> None:
        """Have fewer spans wait for the end: handed over where the trace is sure to be kept, else written down."""
        if self._is_sure_to_be_kept():
            self.export.keep_early()
            self._hand_over_more()
        elif self.export.is_written_here:
            self._write_first()

    def _hand_over_more(self) -> None:
        """Have what has ended written down: by the writer, or here where it is behind and that takes no time."""
        if self.export.is_written_here:
            self._is_relieved = self._write_first()
        if self._is_relieved and not self.counted and self.export.is_behind:
            return
        if self.export.mark_queued():
            self.owner.enqueue(self)
        elif self.export.lets_writer_in and not self._is_relieved:
            self.owner.let_writer_in()

    def _write_first(self) -> bool:
        """Write down some spans that are quickly written; False where there are none, or the trace is being written.

        They follow the record that stands for the request. Until there is one they are kept for it.
        """
        record = None
        if not self.export.writing.acquire(blocking=False):
            return False
        try:
            first = self.export.take_first(self._is_quickly_written)
            if first and self.export.released and not self.counted:
                record = self._write(first, [], is_changed=False)
            elif first:
                self.export.keep_written(self.owner.write_spans(self, first))
                self._let_go(first)
        finally:
            self.export.writing.release()
        if record is not None:
            self.owner.enqueue_written(record)
        if first:
            give_way()
        return bool(first)

    def _is_quickly_written(self, state: SpanState) -> bool:
        return state is not self.root and self.owner.writes_quickly(state)

    def _write(self, finished: list[SpanState], unfinished: list[SpanState], *, is_changed: bool) -> TraceRecord:
        record = self.owner.write(self, finished + unfinished, is_changed=is_changed)
        self.counted = False
        self._let_go(finished)
        return record

    def _is_sure_to_be_kept(self) -> bool:
        """Whether the trace is going to be kept, whatever becomes of its request."""
        is_sampled = self.exchange is None or self.exchange.is_sampled
        return is_sampled and self.tree.has_inner_spans and self.owner.samples(self.identity.mlflow_trace_id_int)

    def _let_go(self, states: list[SpanState]) -> None:
        self.tree.remove(states)
        if self.root in states:
            self.root = None
