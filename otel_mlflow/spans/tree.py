"""The spans of an open trace that are open or wait to be handed over, and the generators that they are open in."""

from __future__ import annotations

import threading
from types import FrameType
from typing import Generic, Protocol, TypeVar

from otel_mlflow.pacing import rest_if_due
from otel_mlflow.spans.langchain.run import LangChainRun
from otel_mlflow.spans.on_demand import OnDemand


class TreeSpan(Protocol):
    """As much of a span as its tree looks at."""

    span_id: int
    ended: bool
    abandoned: bool
    framework: bool
    run: LangChainRun | None
    generators: tuple[FrameType, ...]
    opener: int

    def forget(self) -> None:
        """Let go of the span."""


SpanT = TypeVar("SpanT", bound=TreeSpan)


class SpanTree(Generic[SpanT]):
    """The spans by id.

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
        self.spans: dict[int, SpanT] = {}
        self.generators: dict[FrameType, list[SpanT]] = {}

    def add(self, state: SpanT) -> None:
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

    def renumber(self, state: SpanT, span_id: int) -> None:
        """Give a span another id."""
        self.spans[span_id] = self.spans.pop(state.span_id, state)
        state.span_id = span_id

    def enter(self, state: SpanT, generators: tuple[FrameType, ...], opener: int) -> None:
        """Remember the generators whose bodies the span is open in: each step of them may run in another context."""
        with self._lock:
            state.generators = generators
            state.opener = opener
            for generator in generators:
                self.generators.setdefault(generator, []).append(state)

    def leave(self, state: SpanT) -> None:
        """A span that is open in generators has ended."""
        with self._lock:
            for generator in state.generators:
                remaining = self.generators[generator]
                remaining.remove(state)
                if not remaining:
                    del self.generators[generator]

    def unfinished(self, *, all_of_them: bool) -> list[SpanT]:
        """The open spans that nobody waits for any more: all of them, or those whose openers are gone."""
        spans = self.spans.copy().values()
        return [state for state in spans if not state.ended and (all_of_them or state.abandoned)]

    def open_runs(self) -> list[SpanT]:
        """The spans of LangChain runs of which no end was told."""
        if not self.has_runs:
            return []
        return [state for state in self.spans.copy().values() if state.run is not None and not state.ended]

    def remove(self, states: list[SpanT]) -> None:
        """Let go of spans that have ended."""
        for state in states:
            rest_if_due()
            state.forget()
            self.spans.pop(state.span_id, None)
