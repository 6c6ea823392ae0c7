"""One call is one span, however many instrumentations have traced it.

1.  Spans are about the same call only if they are of the same family (the library that is called) and kind (model,
    embedding, tool, agent; a step of LangChain's by its name). A span without family or kind is folded into nothing,
    and nothing into it.
2.  MLflow's autologging names the family in the message format. A tool's span without one is of the family of the
    nearest span of MLflow's above that has one; OpenAI's embeddings are known by their name, LangChain's spans by their
    run.
3.  Of two spans the one of the higher rank is kept: MLflow's autologging, then OpenInference, then Traceloop and other
    instrumentations, then the library itself. Spans of one rank are never folded.
4.  A span is folded into the kept one that it is directly in; that goes last where it has taken one of the scope.
5.  Else into the kept one that is directly in it, if that is the only one: around several, it is a step of its own.
6.  Else into the one under the same parent that overlaps it and started closest to it. There each kept span takes one
    span of a scope: of parallel calls none is lost.
7.  The children of a folded span become those of the kept one, also children that end later, and what was not directly
    in each other may be so thereby.
8.  What only the folded span says is said by the kept one (`merged_attributes`), and its tokens are not counted.
9.  What MLflow has already stays. What is folded is written in the same record as the kept one, ended or cut short, or
    comes later: then it is folded by the rules 4 and 6, and what only it says is lost (`exported_calls.py`). Where
    another process was told the folded span's id (Anthropic's client sends it along), the kept one takes that id.
    Where it was told both, both stay.
10. A span without a parent here stays: it stands for the trace.
11. A framework's call of a model is the client's that it is made with, where MLflow's autologging traces the
    framework: the client's span, of another family and whoever's it is, is folded into the framework's, if it is the
    only one directly in it. One client in another (`CLIENTS`) is another call. The spans that Google ADK, Strands
    and Semantic Kernel open, and OpenInference for Agno, count as MLflow's, which works with them. LiteLLM tells of a
    call when it is over, beside the span of OpenAI's client if that has made it: into the client's span of the same
    model it is folded by the rules 4 to 6, and 9; also where that is folded into a framework's, and into a framework's
    of which nobody else told the client's call.
12. Before all that, another instrumentation's span that began before the one it was opened under is moved under the
    nearest above that had begun (`begun_before.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple

from opentelemetry.sdk.trace import ReadableSpan

from otel_mlflow.spans.records.begun_before import move_up, start_time
from otel_mlflow.spans.records.encoding import attributes_of, time_ns_of
from otel_mlflow.spans.records.exported_calls import ExportedCall, ExportedCalls
from otel_mlflow.spans.records.model_calls import (
    ModelCall,
    Rank,
    is_autologged,
    is_told_besides,
    may_be_told_twice,
    model_call,
)
from otel_mlflow.spans.records.overlap import OverlappingSpans
from otel_mlflow.spans.trace import OpenTrace, SpanState


def fold(trace: OpenTrace, spans: Sequence[SpanState]) -> None:
    """Fold what is the same call among the spans of one record. Nothing to do where one flavour of MLflow's traces."""
    if not any(map(_may_be_told_twice, spans)):
        return
    for state in filter(_is_told_besides, spans):
        move_up(state, trace.exported_calls)
    if any(map(_may_be_folded, spans)):
        _Folding(spans, trace.exported_calls).run()
    trace.exported_calls = trace.exported_calls or ExportedCalls()
    for state in spans:
        _remember(trace.exported_calls, state)


def parent_after_folding(state: SpanState) -> SpanState | None:
    """The span above, or the one that it is folded into."""
    return after_folding(state.parent) if state.parent is not None else None


def after_folding(state: SpanState) -> SpanState:
    """The span itself, or the one that it is folded into."""
    while state.folded_into is not None:
        state = state.folded_into
    return state


def merged_attributes(state: SpanState, readable: ReadableSpan, longest: int) -> dict[str, Any]:
    """What the span says, and what only those say that are folded into it."""
    attributes = _attributes(state, readable, longest)
    for folded in state.folded:
        if (span := _span(folded)) is not None:
            attributes = _attributes(folded, span, longest) | attributes
    return attributes


def _attributes(state: SpanState, readable: ReadableSpan, longest: int) -> dict[str, Any]:
    said = readable.attributes or {}
    return attributes_of({**said, **state.beside} if state.beside else said, state.json_keys, longest)


class _Sort(NamedTuple):
    """What spans have in common for which the same others come into question."""

    parent: SpanState | None
    call: ModelCall
    scope: str
    is_known_by_id: bool


class _Folding:
    """The folding of one record's spans."""

    def __init__(self, spans: Sequence[SpanState], exported: ExportedCalls | None) -> None:
        self._exported = exported
        found = {state: _call(state) for state in sorted(spans, key=start_time)}
        self._calls = {state: call for state, call in found.items() if call is not None and call.family}
        self._below: dict[SpanState | None, list[SpanState]] = {}
        self._beside_of: dict[_Sort, OverlappingSpans[SpanState]] = {}
        self._taken: set[tuple[SpanState, str]] = set()

    def run(self) -> None:
        """Fold until nothing is left to be folded: folding brings together what was apart."""
        is_changed = True
        while is_changed:
            self._below, self._beside_of = self._by_parent(), {}
            folded = [state for state in self._candidates() if self._fold(state)]
            is_changed = bool(folded)

    def _by_parent(self) -> dict[SpanState | None, list[SpanState]]:
        """What may be folded into, by parent: as it is now, so that what folding brings together is found next time."""
        below: dict[SpanState | None, list[SpanState]] = {}
        for state in self._calls:
            if state.folded_into is None:
                below.setdefault(parent_after_folding(state), []).append(state)
        return below

    def _candidates(self) -> list[SpanState]:
        open_to_it = [state for state in self._calls if _may_be_folded(state)]
        return sorted(open_to_it, key=lambda state: (_depth(state), self._calls[state].rank))

    def _fold(self, state: SpanState) -> bool:
        target = (self._better_one(state) if _is_told_besides(state) else None) or self._framework_s(state)
        if target is None:
            return self._fold_into_exported(state)
        self._taken.add((target, _source(state)))
        if parent_after_folding(target) is state:
            target.parent = state.parent
        if state.is_known_by_id:
            target.is_known_by_id = True
            target.trace.tree.renumber(target, state.span_id)
        state.folded_into = target
        target.folded = (*target.folded, state, *state.folded)
        return True

    def _fold_into_exported(self, state: SpanState) -> bool:
        parent = parent_after_folding(state)
        if self._exported is None or parent is None or state.is_known_by_id or not _is_told_besides(state):
            return False
        call, when = self._calls[state], (start_time(state), _end(state))
        span_id = self._exported.match(parent.span_id, call, _source(state), *when)
        if span_id is None:
            return False
        state.folded_into = parent if span_id == parent.span_id else _stand_in(state, span_id)
        return True

    def _better_one(self, state: SpanState) -> SpanState | None:
        around = self._around(state)
        free = around if around is not None and (around, _source(state)) not in self._taken else None
        return free or self._inside(state) or self._beside(state) or around

    def _framework_s(self, state: SpanState) -> SpanState | None:
        """Of a client's span, the framework's, where there is no other client's in that."""
        above, client = parent_after_folding(state), self._calls[state]
        framework = self._calls.get(above) if above is not None else None
        if above is None or framework is None or (above.is_known_by_id and state.is_known_by_id):
            return None
        clients = [other for other in self._below.get(above, ()) if self._calls[other].kind == "model"]
        return above if framework.is_made_with(client) and clients == [state] else None

    def _around(self, state: SpanState) -> SpanState | None:
        above = parent_after_folding(state)
        return above if above is not None and self._is_better(above, state) else None

    def _inside(self, state: SpanState) -> SpanState | None:
        below = self._better(state, under=state)
        return below[0] if len(below) == 1 else None

    def _beside(self, state: SpanState) -> SpanState | None:
        parent, call, source = parent_after_folding(state), self._calls[state], _source(state)
        sort = _Sort(parent, call, source, state.is_known_by_id)
        beside = self._beside_of.get(sort)
        if beside is None:
            beside = self._beside_of[sort] = OverlappingSpans(self._better(state, under=parent), start_time, _end)

        def is_free(other: SpanState) -> bool:
            is_there = parent_after_folding(other) is parent and (other, source) not in self._taken
            return is_there and self._is_better(other, state)

        return beside.closest(start_time(state), _end(state), is_free)

    def _better(self, state: SpanState, *, under: SpanState | None) -> list[SpanState]:
        found = self._below.get(under, ())
        return [other for other in found if self._is_better(other, state) and parent_after_folding(other) is under]

    def _is_better(self, other: SpanState, state: SpanState) -> bool:
        theirs, ours = self._calls.get(other), self._calls[state]
        if theirs is None or other.folded_into is not None:
            return False
        if other.is_known_by_id and state.is_known_by_id:
            return False
        return theirs.shows(ours)


def _stand_in(state: SpanState, span_id: int) -> SpanState:
    """The span of that id beside this one, which is forgotten: whatever is below it needs no more than its place."""
    exported = copy(state)
    exported.forget()
    exported.span_id = span_id
    exported.is_written = exported.is_known_by_id = True
    return exported


def _remember(exported: ExportedCalls, state: SpanState) -> None:
    """Keep the call for what is told of it later, with the sources that told of it; also one that another shows."""
    call, parent, kept = _call(state), parent_after_folding(state), after_folding(state)
    if call is None or not call.family or parent is None or (kept is not state and _is_same_library(kept, call)):
        return
    sources = {_source(folded) for folded in state.folded}
    exported.add(ExportedCall(kept.span_id, parent.span_id, call, start_time(state), _end(state), sources))


def _is_same_library(state: SpanState, call: ModelCall) -> bool:
    """Whether the span is about a call of the same library, or of none that is known any more."""
    other = _call(state)
    return other is None or other.family == call.family


def _may_be_told_twice(state: SpanState) -> bool:
    span = _span(state)
    return state.run is not None or (span is not None and may_be_told_twice(span))


def _is_told_besides(state: SpanState) -> bool:
    span = _span(state)
    return span is not None and is_told_besides(span)


def _is_autologged_twice(state: SpanState) -> bool:
    """Whether MLflow's autologging has traced the span, and the one above it."""
    above = parent_after_folding(state)
    return above is not None and _is_autologged(state) and _is_autologged(above)


def _is_autologged(state: SpanState) -> bool:
    span = _span(state)
    return span is not None and is_autologged(span)


def _may_be_folded(state: SpanState) -> bool:
    is_more = _is_told_besides(state) or _is_autologged_twice(state)
    return is_more and state.parent is not None and state.folded_into is None and not state.is_written


def _call(state: SpanState) -> ModelCall | None:
    span = _span(state)
    call = model_call(span, is_langchain=state.run is not None) if span is not None else None
    if call is None or call.family or call.kind != "tool":
        return call
    return call._replace(family=next((found.family for found in _calls_above(state) if found.family), ""))


def _calls_above(state: SpanState) -> Iterable[ModelCall]:
    """The calls of MLflow's spans above, of those that are not let go yet."""
    above = state.parent
    while above is not None:
        span = _span(above)
        call = model_call(span) if span is not None else None
        if call is not None and call.rank is Rank.MLFLOW:
            yield call
        above = above.parent


def _depth(state: SpanState) -> int:
    depth, above = 0, state.parent
    while above is not None:
        depth, above = depth + 1, above.parent
    return depth


def _span(state: SpanState) -> ReadableSpan | None:
    """The span as it ended, or as far as it has come."""
    return state.readable or state.span


def _scope(state: SpanState) -> str:
    span = _span(state)
    scope = span.instrumentation_scope if span is not None else None
    return scope.name if scope is not None else ""


def _source(state: SpanState) -> str:
    """Who writes there. Logfire tells the end of a stream by a log, which is a span of its own."""
    span = _span(state)
    return f"{_scope(state)} {(span.attributes or {}).get('logfire.span_type') if span is not None else None}"


def _end(state: SpanState) -> float:
    """Of one that is open, the end is still to come."""
    if not state.ended:
        return math.inf
    return time_ns_of(state.readable.end_time if state.readable is not None else None)
