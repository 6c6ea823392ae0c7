"""A feed from MLflow's search: trace infos page by page, spans only of those whose tag does not say what they used."""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from otel_mlflow.errors import DeliveryError, RejectedError
from otel_mlflow.ops.feeds.base import Tally
from otel_mlflow.ops.feeds.trace_api import (
    ASSESSMENT_COUNT,
    MEAN_ASSESSMENT,
    MEAN_LATENCY,
    PAGE_SIZE,
    TRACE_COUNT,
    Json,
    Measure,
    NotOfferedError,
    Scope,
    SpanSummary,
    Times,
    TraceApi,
)
from otel_mlflow.ops.index.entry import TraceEntry, entry_from_info, milliseconds_since_epoch
from otel_mlflow.spans.records.trace_summary import MODEL_TYPES, TOOL_TYPE, TraceSummary

if TYPE_CHECKING:
    from otel_mlflow.status import Experiment

MOST_STEPS = 900
"""Steps in a question for tallies: fewer than the groups that MLflow answers."""

SPANS_AT_ONCE = 25
"""Traces whose spans are read in one request."""

EXPERIMENTS_AT_ONCE = 100
KNOWN_FOR = 600.0
"""Seconds after which other experiments are looked through again."""

SPAN_TYPES = ", ".join(f"'{name}'" for name in sorted({*MODEL_TYPES, TOOL_TYPE}))

Point = tuple[Measure, float]
Connect = Callable[[], "tuple[TraceApi, Experiment]"]
"""Connects, and finds the configured experiment."""


class KnownScopes:
    """Where else there are traces of the service: looking through all experiments is not for every question."""

    def __init__(self) -> None:
        self._scopes: list[Scope] = []
        self._found_at = -math.inf

    def scopes(self, find: Callable[[], list[Scope]]) -> list[Scope]:
        """What was found in the last ten minutes, else what `find` finds now."""
        if time.monotonic() - self._found_at > KNOWN_FOR:
            self._scopes, self._found_at = find(), time.monotonic()
        return self._scopes


class SearchFeed:
    """The traces of the configured experiment, and those of `service` in all others (`experiment_for` chose them)."""

    def __init__(self, kind: str, connect: Connect, service: str | None, known: KnownScopes) -> None:
        self.kind = kind
        self._connect = connect
        self._service = service
        self._known = known

    def open(self) -> Experiment:
        """Connect, and find the experiments."""
        self._api, experiment = self._connect()
        elsewhere = self._known.scopes(lambda: list(self._elsewhere(experiment.id)))
        self._scopes = [Scope([experiment.id]), *elsewhere]
        return experiment

    def close(self) -> None:
        """Disconnect."""
        self._api.close()

    def tallies(self, start_ms: int, end_ms: int, step_ms: int) -> Mapping[int, Tally] | None:
        """Traces, feedback and the means of both of each step, as MLflow works them out; None where it does not.

        The means, because one trace may have been deleted and another have come late, and feedback can be changed.
        """
        points: dict[int, list[Point]] = defaultdict(list)
        try:
            for start in range(start_ms, end_ms, MOST_STEPS * step_ms):
                times = Times(start, min(start + MOST_STEPS * step_ms, end_ms), step_ms)
                for measure in (TRACE_COUNT, ASSESSMENT_COUNT, MEAN_ASSESSMENT, MEAN_LATENCY):
                    for step, value in self._measured(measure, times):
                        points[step].append((measure, value))
        except NotOfferedError:
            return None
        return {step: _tally(told) for step, told in points.items()}

    def count(self, start_ms: int, end_ms: int) -> int | None:
        """How many traces there are."""
        try:
            return sum(int(count) for _, count in self._measured(TRACE_COUNT, Times(start_ms, end_ms)))
        except NotOfferedError:
            return None

    def pages(self, start_ms: int, end_ms: int) -> Iterator[list[TraceEntry]]:
        """The traces of a time, the newest first."""
        for scopes in _merged([self._pages_of(scope, start_ms, end_ms) for scope in self._scopes]):
            yield self._complete(scopes)

    def _pages_of(self, scope: Scope, start_ms: int, end_ms: int) -> Iterator[list[Json]]:
        token: str | None = None
        while token != "":
            infos, token = self._api.search(scope, _within(start_ms, end_ms), limit=PAGE_SIZE, page_token=token)
            if infos:
                yield infos

    def _elsewhere(self, configured_id: str) -> Iterator[Scope]:
        """Other experiments in which there are traces of the service."""
        if self._service is None:
            return
        others = [each for each in self._api.experiments() if each != configured_id]
        for start in range(0, len(others), EXPERIMENTS_AT_ONCE):
            scope = Scope(others[start : start + EXPERIMENTS_AT_ONCE], self._service)
            if self._api.search(scope, "", limit=1, page_token=None)[0]:
                yield scope

    def _measured(self, measure: Measure, times: Times) -> Iterator[tuple[int, float]]:
        for scope in self._scopes:
            for point in self._api.metrics(scope, measure, times):
                bucket = point.get("dimensions", {}).get("time_bucket")
                step = round(datetime.fromisoformat(bucket).timestamp() * 1000) if bucket else times.start_ms
                # No mean where nothing of a step is a number.
                yield step, point["values"].get(measure.aggregation, 0)

    def _complete(self, infos: Sequence[Json]) -> list[TraceEntry]:
        """Read the spans of those that need it."""
        entries = [entry_from_info(info) for info in infos]
        wanting = [entry for entry in entries if entry.needs_spans and not entry.is_unfinished]
        summaries = self._summaries(wanting) if wanting else {}
        return [
            entry.with_summary(summaries[entry.trace_id]) if entry.trace_id in summaries else entry for entry in entries
        ]

    def _summaries(self, entries: Sequence[TraceEntry]) -> dict[str, TraceSummary]:
        """By trace: nothing was used by those in which no model and no tool was called."""
        summaries = {entry.trace_id: TraceSummary() for entry in entries}
        using = self._using_models_or_tools(entries)
        wanted = [trace_id for trace_id in summaries if using is None or trace_id in using]
        for start in range(0, len(wanted), SPANS_AT_ONCE):
            some = wanted[start : start + SPANS_AT_ONCE]
            for trace_id, spans in self._spans(some).items():
                summaries[trace_id] = _summary(spans) if spans is not None else summaries[trace_id]
                if spans is None:
                    del summaries[trace_id]
        return summaries

    def _using_models_or_tools(self, entries: Sequence[TraceEntry]) -> set[str] | None:
        """The ids of traces with such spans; None where the backend cannot search for those."""
        times = [entry.time_ms for entry in entries]
        condition = f"{_within(min(times), max(times) + 1)} AND span.type IN ({SPAN_TYPES})"
        found: set[str] = set()
        try:
            for scope in self._scopes:
                token: str | None = None
                while token != "":
                    infos, token = self._api.search(scope, condition, limit=PAGE_SIZE, page_token=token)
                    found.update(info["trace_id"] for info in infos)
        except RejectedError:
            return None
        return found

    def _spans(self, trace_ids: Sequence[str]) -> dict[str, list[SpanSummary] | None]:
        """The spans of each; None for one that the backend cannot read back, which must not cost the others theirs."""
        try:
            found = self._api.spans(trace_ids)
        except NotOfferedError:
            return dict.fromkeys(trace_ids)
        except DeliveryError:
            if len(trace_ids) == 1:
                return {trace_ids[0]: None}
            return {key: value for trace_id in trace_ids for key, value in self._spans([trace_id]).items()}
        return {trace_id: found.get(trace_id) for trace_id in trace_ids}


def _tally(points: Sequence[Point]) -> Tally:
    """Of one step: what was measured in each scope."""
    by_measure: dict[Measure, list[float]] = defaultdict(list)
    for measure, value in points:
        by_measure[measure].append(value)
    means = by_measure[MEAN_LATENCY]
    is_plain = len(means) == 1 and not any(by_measure[ASSESSMENT_COUNT])
    state = ", ".join(f"{measure.metric} {value}" for measure, value in points)
    return Tally(int(sum(by_measure[TRACE_COUNT])), state, means[0] if is_plain else None)


def _within(start_ms: int, end_ms: int) -> str:
    return f"trace.timestamp_ms >= {start_ms} AND trace.timestamp_ms < {end_ms}"


def _summary(spans: Sequence[SpanSummary]) -> TraceSummary:
    summary = TraceSummary()
    for span in spans:
        summary.add_span(span.name, span.attributes, is_failed=span.is_failed, duration_ms=span.duration_ms)
    return summary


def _merged(sources: Sequence[Iterator[list[Json]]]) -> Iterator[list[Json]]:
    """Pages of several searches as pages of one, the newest first."""
    if len(sources) == 1:
        yield from sources[0]
        return
    infos = heapq.merge(*(_flat(pages) for pages in sources), key=_request_time, reverse=True)
    while page := list(itertools.islice(infos, PAGE_SIZE)):
        yield page


def _flat(pages: Iterator[list[Json]]) -> Iterator[Json]:
    for page in pages:
        yield from page


def _request_time(info: Json) -> int:
    return milliseconds_since_epoch(info["request_time"])
