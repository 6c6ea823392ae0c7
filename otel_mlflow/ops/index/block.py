"""`Block`: the traces that began in one hour.

| relation | a row for each | columns |
| --- | --- | --- |
| `trace` | trace | those of `TRACE_NUMBERS`, `TRACE_WORDS` and `TRACE_TEXTS` |
| `model` | model that a trace called | `row` of the trace, `model`, `cost`, those of `MODEL_USE` |
| `tool` | tool that a trace called | `row`, `tool`, those of `TOOL_USE` |
| `span` | name of other spans below its root | `row`, `span`, those of `TOOL_USE` |
| `model_duration` `tool_duration` `span_duration` | bucket of durations of its calls | `row`, name, `bucket`, `calls` |
| `assessment` | feedback about a trace | `row`, `name`, `value`, `number`, `text` |

Texts that repeat are numbers of `Words`. What is not known is 0, a duration -1, a fraction NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from otel_mlflow.ops.index.columns import Array, Columns, joined, texts
from otel_mlflow.ops.index.entry import TOKENS, TraceEntry
from otel_mlflow.ops.index.words import Words
from otel_mlflow.ops.question import HOUR
from otel_mlflow.spans.records.trace_summary import ModelUse, ToolUse, durations_of

BLOCK_MS = HOUR

Value = Callable[[TraceEntry], Any]

TRACE_NUMBERS: Mapping[str, Value] = {
    "time": lambda entry: entry.time_ms % BLOCK_MS,
    "duration": lambda entry: -1 if entry.duration_ms is None else entry.duration_ms,
    "outcome": lambda entry: entry.outcome,
    "is_unfinished": lambda entry: entry.is_unfinished,
    "is_unread": lambda entry: entry.summary is None and not entry.is_unfinished,
    "is_unnamed": lambda entry: entry.is_unnamed and not entry.is_unfinished,
    "is_delivered_here": lambda entry: entry.is_delivered_here,
    "input_tokens": lambda entry: entry.tokens.get("input_tokens", 0),
    "output_tokens": lambda entry: entry.tokens.get("output_tokens", 0),
    "total_tokens": lambda entry: entry.tokens.get("total_tokens", 0),
}
TRACE_FRACTIONS: Mapping[str, Value] = {
    "cost": lambda entry: entry.cost or 0.0,
    "first_byte": lambda entry: _fraction(entry.summary.time_to_first_byte_ms if entry.summary is not None else None),
}
TRACE_WORDS: Mapping[str, Value] = {
    "experiment": lambda entry: entry.experiment_id,
    "route": lambda entry: entry.route,
    "status": lambda entry: None if entry.status_code is None else str(entry.status_code),
    "service": lambda entry: entry.service,
    "version": lambda entry: entry.version,
    "user": lambda entry: entry.user,
    "session": lambda entry: entry.session,
    "error_type": lambda entry: entry.summary and entry.summary.error_type,
}
TRACE_TEXTS: Mapping[str, Value] = {
    "trace_id": lambda entry: entry.trace_id,
    "request_id": lambda entry: entry.request_id,
}
OF_TRACES = "trace"
ROW = "row"
MODEL_USE = ("calls", *TOKENS, "total_ms", "longest_ms")
TOOL_USE = ("calls", "failures", "total_ms", "longest_ms")
COLUMNS = (
    *(f"{OF_TRACES}.{name}" for name in (*TRACE_NUMBERS, *TRACE_FRACTIONS, *TRACE_WORDS, *TRACE_TEXTS)),
    *(f"model.{name}" for name in (ROW, "model", "cost", *MODEL_USE)),
    *(f"tool.{name}" for name in (ROW, "tool", *TOOL_USE)),
    *(f"span.{name}" for name in (ROW, "span", *TOOL_USE)),
    *(f"{kind}_duration.{name}" for kind in ("model", "tool", "span") for name in (ROW, kind, "bucket", "calls")),
    *(f"assessment.{name}" for name in (ROW, "name", "value", "number", "text")),
)
"""All of a block, by relation and name."""


@dataclass(frozen=True)
class Block:
    """By relation and name, the columns of the traces of one hour."""

    start_ms: int
    relations: Mapping[str, Columns]

    @property
    def length(self) -> int:
        """How many traces there are."""
        return next((len(column) for column in self.relations.get(OF_TRACES, {}).values()), 0)

    def without(self, is_gone: Array) -> Block:
        """Only the traces that are not marked."""
        stays = ~is_gone
        new_rows = np.cumsum(stays) - 1
        kept = {OF_TRACES: {name: column[stays] for name, column in self.relations[OF_TRACES].items()}}
        for relation, columns in self.relations.items():
            if relation != OF_TRACES:
                chosen = stays[columns[ROW]]
                kept[relation] = {name: column[chosen] for name, column in columns.items()}
                kept[relation][ROW] = new_rows[kept[relation][ROW]]
        return Block(self.start_ms, kept)

    def ordered(self) -> Block:
        """With the fastest traces first: those of some durations are a slice then, and what belongs to them, too."""
        order = np.argsort(self.relations[OF_TRACES]["duration"], kind="stable")
        new_rows = np.argsort(order)
        relations = {OF_TRACES: _in_order(self.relations[OF_TRACES], order)}
        for relation, columns in self.relations.items():
            if relation != OF_TRACES:
                moved = {**columns, ROW: new_rows[columns[ROW]]}
                relations[relation] = _in_order(moved, np.argsort(moved[ROW], kind="stable"))
        return Block(self.start_ms, relations)

    def and_then(self, other: Block) -> Block:
        """With the traces of another behind its own."""
        relations: dict[str, Columns] = {}
        for relation in {**self.relations, **other.relations}:
            parts = [
                _moved(block.relations[relation], before)
                for block, before in ((self, 0), (other, self.length))
                if relation in block.relations
            ]
            relations[relation] = {name: joined([part[name] for part in parts]) for name in parts[0]}
        return Block(self.start_ms, relations)


def _in_order(columns: Columns, order: Array) -> Columns:
    return {name: column[order] for name, column in columns.items()}


def _moved(columns: Columns, before: int) -> Columns:
    return {**columns, ROW: columns[ROW].astype(np.int64) + before} if ROW in columns else columns


def block_from_entries(start_ms: int, entries: Sequence[TraceEntry], words: Words) -> Block:
    """The traces of an hour as columns."""
    traces: dict[str, Array] = {
        **{name: np.array([value(e) for e in entries], np.int64) for name, value in TRACE_NUMBERS.items()},
        **{name: np.array([value(e) for e in entries], np.float64) for name, value in TRACE_FRACTIONS.items()},
        **{name: _numbered(words, name, [value(e) for e in entries]) for name, value in TRACE_WORDS.items()},
        **{name: texts(value(e) for e in entries) for name, value in TRACE_TEXTS.items()},
    }
    tools = [entry.summary.tools if entry.summary else {} for entry in entries]
    spans = [entry.summary.names if entry.summary else {} for entry in entries]
    others = {
        "model": _models(entries, words),
        "tool": _calls("tool", tools, words),
        "span": _calls("span", spans, words),
        "model_duration": _durations("model", [entry.models for entry in entries], words),
        "tool_duration": _durations("tool", tools, words),
        "span_duration": _durations("span", spans, words),
        "assessment": _assessments(entries, words),
    }
    return Block(start_ms, {OF_TRACES: traces, **{name: some for name, some in others.items() if len(some[ROW])}})


def _models(entries: Sequence[TraceEntry], words: Words) -> Columns:
    used = [(row, name, use) for row, entry in enumerate(entries) for name, use in entry.models.items()]
    return {
        ROW: _whole(row for row, _, _ in used),
        "model": _numbered(words, "model", [name for _, name, _ in used]),
        **{column: _whole(getattr(use, column) for _, _, use in used) for column in MODEL_USE},
        "cost": np.array([use.cost or 0.0 for _, _, use in used], np.float64),
    }


def _calls(kind: str, uses: Sequence[Mapping[str, ToolUse]], words: Words) -> Columns:
    used = [(row, name, use) for row, some in enumerate(uses) for name, use in some.items()]
    return {
        ROW: _whole(row for row, _, _ in used),
        kind: _numbered(words, kind, [name for _, name, _ in used]),
        **{column: _whole(getattr(use, column) for _, _, use in used) for column in TOOL_USE},
    }


def _durations(kind: str, uses: Sequence[Mapping[str, ModelUse] | Mapping[str, ToolUse]], words: Words) -> Columns:
    told = [
        (row, name, bucket, calls)
        for row, some in enumerate(uses)
        for name, use in some.items()
        for bucket, calls in durations_of(use).items()
    ]
    return {
        ROW: _whole(row for row, *_ in told),
        kind: _numbered(words, kind, [name for _, name, *_ in told]),
        "bucket": _whole(bucket for *_, bucket, _ in told),
        "calls": _whole(calls for *_, calls in told),
    }


def _assessments(entries: Sequence[TraceEntry], words: Words) -> Columns:
    given = [(row, one) for row, entry in enumerate(entries) for one in entry.assessments]
    return {
        ROW: _whole(row for row, _ in given),
        "name": _numbered(words, "name", [one.name for _, one in given]),
        "value": _numbered(words, "value", [None if one.is_text else one.value for _, one in given]),
        "number": np.array([_fraction(one.number) for _, one in given], np.float64),
        "text": texts(one.value if one.is_text else None for _, one in given),
    }


def _whole(values: Iterable[int]) -> Array:
    return np.array(list(values), np.int64)


def _numbered(words: Words, kind: str, values: Sequence[str | None]) -> Array:
    words.learn(kind, values)
    return _whole(words.learned(kind, value) for value in values)


def _fraction(value: float | None) -> float:
    return float("nan") if value is None else value
