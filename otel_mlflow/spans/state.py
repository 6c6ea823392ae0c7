"""What is known of a span while its trace is gathered.

A span's entry is found through the span object itself. So as long as anybody holds a span (a context, a task, a
user's variable), whatever is opened under it finds its trace, however late, and nothing has to be kept for that.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import INVALID_SPAN_CONTEXT, SpanContext

if TYPE_CHECKING:
    from otel_mlflow.spans.trace import OpenTrace

_ENTRY = "_otel_mlflow_entry"


class SpanState:
    """One span of a trace: where it hangs in the MLflow tree, and what OpenTelemetry does not say of it.

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
    left_out = 0
    """The spans below it that MLflow is not going to show, of those that have ended."""
    tokens: Mapping[str, int] | None = None
    """The tokens that the span says were used in it."""

    def __init__(self, span: ReadableSpan, trace: OpenTrace, parent: SpanState | None) -> None:
        self.span: ReadableSpan | None = span
        self.span_id = span_context(span).span_id
        self.trace = trace
        self.parent = parent

    def descends_from(self, other: SpanState) -> bool:
        """Whether `other` is this span or one above it."""
        entry: SpanState | None = self
        while entry is not None:
            if entry is other:
                return True
            entry = entry.parent
        return False

    def held_by(self, holder: object) -> None:
        """Take note when `holder` is gone, through which alone the opener of the span can end it."""
        self.holder = weakref.ref(holder, lambda _: self.trace.abandon(self))

    def forget(self) -> None:
        """Let go of the span, so that a finished trace leaves no reference cycle behind."""
        self.span = self.readable = self.live = self.previous = self.holder = None


class LangChainRun:
    """The LangChain run whose callback made a span current.

    `leaf` is one of a model, whose body has no context of its own; `own_context` says whether the others have.
    """

    __slots__ = ("leaf", "own_context", "run_id")

    def __init__(self, run_id: str, span_type: str, *, own_context: bool) -> None:
        self.run_id = run_id
        self.leaf = span_type not in ("CHAIN", "TOOL")
        self.own_context = own_context and not self.leaf


def span_context(span: ReadableSpan) -> SpanContext:
    """The span's ids; the SDK's types allow a span without any."""
    return span.get_span_context() or INVALID_SPAN_CONTEXT


def span_state(span: object) -> SpanState | None:
    """The entry of a span that was started under the bridge, else None."""
    return getattr(span, _ENTRY, None)


def attach_span_state(span: ReadableSpan, entry: SpanState) -> None:
    """Let the entry be found through its span."""
    setattr(span, _ENTRY, entry)
