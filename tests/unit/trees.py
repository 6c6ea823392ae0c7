"""Trees of spans, compared as pictures; the notation is that of tests/servers/traces.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlflow.entities import Span, Trace

from otel_mlflow.http.semconv import OUTCOME
from tests.servers.traces import parse, picture, trees


def shown(traces: Iterable[Trace]) -> str:
    """Draw all traces; equal forests make equal pictures."""
    return _forest(picture(trees(trace.data.spans)) for trace in traces)


def drawn(*notations: str) -> str:
    """Draw what was expected: a trace for each line of notation."""
    return _forest(picture([parse(notation)]) for notation in notations)


def spans_of(trace: Trace) -> dict[str, Span]:
    """The spans of a trace by name."""
    return {span.name: span for span in trace.data.spans}


def outcome_of(traces: Sequence[Trace]) -> str:
    """The outcome that the one trace was tagged with."""
    (trace,) = traces
    return str(trace.info.tags[OUTCOME])


def _forest(pictures: Iterable[str]) -> str:
    return "\n".join(sorted(pictures))
