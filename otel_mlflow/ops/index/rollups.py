"""What the traces of an hour come down to, kept beside them: a long window is counted from that.

Each is kept by band of durations (`bands.py`), the fastest first, so that it can be had of slow traces alone. Other
filters have traces counted one by one.

| relation | of each band a row for each |
| --- | --- |
| `all` | hour |
| `by_route` `by_service` `by_version` `by_status` `by_user` | of these that a trace of the hour has |
| `users` | user, and nothing of them |
| `by_error` | type of error and route |
| `by_session` | session and user |
| `by_model` `by_tool` `by_span` | of these that were called |
| `model_durations` `tool_durations` `span_durations` | of these and bucket of the durations of calls |
| `spent_by_user` `spent_by_model` | user or model, of what used tokens |
| `by_value` | name and value of feedback |
| `streamed` | trace whose time to first byte is known |
| `slowest` `failing` `latest` | trace that may be listed |
| `disliked` `comments` | feedback that may be listed |

A rollup has the columns of the rows that it stands for, so that figures count one as they count the other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from otel_mlflow.ops.index.bands import BAND, bands_of
from otel_mlflow.ops.index.block import OF_TRACES, ROW
from otel_mlflow.ops.index.columns import Array, Columns
from otel_mlflow.ops.index.derived import source_of
from otel_mlflow.ops.index.entry import TOKENS
from otel_mlflow.ops.index.rollup import TIME, ChosenRows, GroupedRows, Rollup, rows_of

COUNTS = ("requests", "errors", "cancelled")
SPENT = (*TOKENS, "cost")
CALLS = ("calls", "failures", "total_ms")
JUDGED = "assessment"
Chosen = Array | slice
TEXT_OF = (ROW, "name", "value", TIME)

ROLLUPS: Mapping[str, Rollup] = {
    "all": GroupedRows(OF_TRACES, (), (*COUNTS, *SPENT, "is_unread", "is_unnamed"), is_timed=True),
    "by_route": GroupedRows(OF_TRACES, ("route",), COUNTS),
    "by_service": GroupedRows(OF_TRACES, ("service",), COUNTS),
    "by_version": GroupedRows(OF_TRACES, ("version",), COUNTS, ("first",), ("last",)),
    "by_status": GroupedRows(OF_TRACES, ("status",), ("requests",)),
    "by_error": GroupedRows(OF_TRACES, ("error_type", "route"), ("requests",), ("first",), ("last",), only="errors"),
    "users": GroupedRows(OF_TRACES, ("user",), ()),
    "by_user": GroupedRows(OF_TRACES, ("user",), (*COUNTS, *SPENT)),
    "by_session": GroupedRows(OF_TRACES, ("session", "user"), (*COUNTS, "total_tokens"), lasts=("last",)),
    "by_model": GroupedRows("model", ("model",), ("calls", *SPENT, "total_ms"), lasts=("longest_ms",)),
    "by_tool": GroupedRows("tool", ("tool",), CALLS, lasts=("longest_ms",)),
    "by_span": GroupedRows("span", ("span",), CALLS, lasts=("longest_ms",)),
    "model_durations": GroupedRows("model_duration", ("model", "bucket"), ("calls",)),
    "tool_durations": GroupedRows("tool_duration", ("tool", "bucket"), ("calls",)),
    "span_durations": GroupedRows("span_duration", ("span", "bucket"), ("calls",)),
    "by_value": GroupedRows(JUDGED, ("name", "value"), ("given", "numbers", "total"), is_timed=True),
    "spent_by_user": GroupedRows(OF_TRACES, ("user",), ("total_tokens", "cost"), only="total_tokens", is_timed=True),
    "spent_by_model": GroupedRows("model", ("model",), ("total_tokens", "cost"), only="total_tokens", is_timed=True),
    "streamed": ChosenRows(OF_TRACES, ("route", "first_byte"), only="is_streamed"),
    "slowest": ChosenRows(OF_TRACES, (ROW, "duration", TIME), only="has_ended", by="duration"),
    "failing": ChosenRows(OF_TRACES, (ROW, TIME), only="errors", by=TIME),
    "latest": ChosenRows(OF_TRACES, (ROW, TIME), only="requests", by=TIME),
    "disliked": ChosenRows(JUDGED, TEXT_OF, only="is_bad", by=TIME),
    "comments": ChosenRows(JUDGED, TEXT_OF, only="is_text", by=TIME),
}


def rolled_up(relations: Mapping[str, Columns]) -> dict[str, Columns]:
    """What the traces of a block come down to."""
    traces = relations[OF_TRACES]
    relations = with_rows_and_times({**relations, OF_TRACES: {**traces, BAND: bands_of(traces["duration"])}})
    found: dict[str, Columns] = {}
    for name, rollup in ROLLUPS.items():
        if rollup.relation in relations:
            rows = rows_of(rollup, relations[rollup.relation], (TIME, BAND, *rollup.columns))
            if len(rows[TIME]):
                found[name] = rollup.reduced(rows)
    return found


def with_rows_and_times(relations: Mapping[str, Columns], chosen: Chosen | None = None) -> dict[str, Columns]:
    """Also which row a trace is, and of what belongs to a trace when that began, and its band if it is known.

    Of the chosen traces alone.
    """
    traces = relations.get(OF_TRACES, {})
    found: dict[str, Columns] = {}
    for name, columns in relations.items():
        if name == OF_TRACES:
            rows = {**columns, ROW: np.arange(len(next(iter(columns.values()))))}
            found[name] = rows if chosen is None else _taken(rows, chosen)
        elif ROW in columns and TIME not in columns:
            rows = dict(columns) if chosen is None else _taken(columns, _belonging(columns[ROW], chosen))
            found[name] = {**rows, **{own: traces[own][rows[ROW]] for own in (TIME, BAND) if own in traces}}
        else:
            found[name] = columns
    return found


def _belonging(rows: Array, chosen: Chosen) -> Chosen:
    """What belongs to the chosen traces; it is in their order."""
    if isinstance(chosen, slice):
        # numpy's own search copies all rows to a wider kind first.
        return slice(*(bisect_left(rows, row) for row in (chosen.start, chosen.stop)))
    return np.asarray(chosen[rows])


def _taken(columns: Columns, chosen: Chosen) -> dict[str, Array]:
    if isinstance(chosen, slice):
        return {name: column[chosen] for name, column in columns.items()}
    if chosen.all():
        return dict(columns)
    places = np.flatnonzero(chosen)
    return {name: column.take(places) for name, column in columns.items()}


def names_to_read(rollups: Iterable[str], kept: Collection[str]) -> set[str]:
    """The columns that rollups need: of those in `kept` their own, else those of their relation."""
    names: set[str] = set()
    for name in rollups:
        rollup = ROLLUPS[name]
        own = (f"{name}.{column}" for column in rollup.columns)
        names.update(own if name in kept else _sources(rollup))
    return names


def _sources(rollup: Rollup) -> Iterable[str]:
    yield f"{OF_TRACES}.{TIME}"
    if rollup.relation != OF_TRACES:
        yield f"{rollup.relation}.{ROW}"
    for column in (*rollup.columns, rollup.only):
        if column not in (None, ROW, TIME):
            yield f"{rollup.relation}.{source_of(rollup.relation, column)}"
