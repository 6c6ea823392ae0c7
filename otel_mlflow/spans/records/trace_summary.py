"""What a trace contributes to figures, as one tag, so that no span has to be read to count it.

    {"v": 1, "spans": 6, "models": {"gpt-5": [2, 900, 120, 1020, 0.004, 2300, 1800]},
     "tools": {"search": [3, 1, 90, 40, [20, 1, 30, 1, 40, 1]]}, "names": {"retrieve": [2, 0, 70, 50]},
     "error": "ValueError", "ttfb_ms": 12.5}

`models`: calls, input, output and total tokens, cost in USD (null where the spans do not say it), how long all calls
took and the longest of them, in ms. `tools`: calls, failures, and the same two. `names`: the same of all other spans
below the root by their name, of the twenty names that took longest. The list behind them, of more than two calls, has
the buckets of their durations (`duration_buckets.py`), each followed by how many calls are in it; it is left out where
there is no room. What is empty is left out. `spans` tells a reader
whether there are spans that the tag does not cover; `cut` stands there where it had no room for all models and tools.
Names only: no content.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow import mlflow_names
from otel_mlflow.http import semconv
from otel_mlflow.spans.records.duration_buckets import BUCKETS, UNKNOWN, bucket_of
from otel_mlflow.spans.records.encoding import to_text

SUMMARY_TAG = "otel_mlflow.summary"
VERSION = 1

MAX_LENGTH = 4000
"""Characters: MLflow keeps 4,096 of a tag."""

MOST_NAMES = 20
"""Names of spans that are neither models' nor tools'."""

MODEL_TYPES = frozenset({"CHAT_MODEL", "LLM", "EMBEDDING"})
"""`mlflow.spanType` of spans whose tokens count; the totals that agents repeat do not."""

LARGEST = 1 << 53
"""Of numbers that are counted: whole numbers above it are not exact in JSON, and sums of them have no room."""

COST_PLACE = 4
"""Where a model's row has what its calls cost, which may be unknown."""

TOOL_TYPE = "TOOL"
CALL_TYPES = MODEL_TYPES | {TOOL_TYPE}
LLM_MODEL = "mlflow.llm.model"
LLM_COST = "mlflow.llm.cost"
EXCEPTION_TYPE = "exception.type"

_TAG_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_JSON = ('"', "{", "[")


@dataclass
class ModelUse:
    """What was used of one model; `durations` are calls by bucket."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cost: float | None = 0.0
    """None once a call does not say what it cost."""
    total_ms: int = 0
    longest_ms: int = 0
    durations: dict[int, int] = field(default_factory=dict, compare=False)


@dataclass
class ToolUse:
    """How often one tool was called, or there was a span of one name; `durations` are calls by bucket."""

    calls: int = 0
    failures: int = 0
    total_ms: int = 0
    longest_ms: int = 0
    durations: dict[int, int] = field(default_factory=dict, compare=False)


@dataclass
class TraceSummary:
    """What the spans of one trace add up to."""

    spans: int = 0
    models: dict[str, ModelUse] = field(default_factory=dict)
    tools: dict[str, ToolUse] = field(default_factory=dict)
    names: dict[str, ToolUse] = field(default_factory=dict)
    error_type: str | None = None
    time_to_first_byte_ms: float | None = None
    is_cut: bool = False

    @property
    def calls(self) -> int:
        """Of models and tools."""
        return sum(use.calls for use in self.models.values()) + sum(use.calls for use in self.tools.values())

    @property
    def has_all_names(self) -> bool:
        """Whether every span below the root is told of by its name."""
        tools = sum(use.calls for use in self.tools.values())
        return self.spans <= 1 + tools + sum(use.calls for use in self.names.values())

    def add_span(
        self,
        name: str,
        attributes: Mapping[str, Any],
        *,
        is_failed: bool,
        duration_ms: int = 0,
        is_root: bool = False,
    ) -> None:
        """Count a span, by the attributes that it has in MLflow."""
        self.spans += 1
        span_type = span_type_of(attributes)
        if span_type in MODEL_TYPES:
            self._add_model_call(attributes, duration_ms)
        if span_type == TOOL_TYPE:
            _add_call(self.tools, name, duration_ms, is_failed=is_failed)
        elif not is_root:
            _add_call(self.names, name, duration_ms, is_failed=is_failed)

    def add_root(self, attributes: Mapping[str, Any], proto: ProtoSpan) -> None:
        """Take from the root how the request ended."""
        self.time_to_first_byte_ms = attributes.get(semconv.TIME_TO_FIRST_BYTE)
        is_error = attributes.get(semconv.OUTCOME, "error") == "error"
        self.error_type = (attributes.get("error.type") or _exception_type(proto)) if is_error else None

    def _add_model_call(self, attributes: Mapping[str, Any], duration_ms: int) -> None:
        model = decoded(attributes.get(LLM_MODEL))
        if not model:
            return
        use = self.models.setdefault(to_text(model), ModelUse())
        usage = _mapping(attributes.get(mlflow_names.CHAT_USAGE))
        cost = _mapping(attributes.get(LLM_COST)).get("total_cost")
        use.calls += 1
        use.input_tokens += _whole(usage.get("input_tokens"))
        use.output_tokens += _whole(usage.get("output_tokens"))
        use.total_tokens += _whole(usage.get("total_tokens"))
        use.cost = use.cost + cost if use.cost is not None and is_amount(cost) else None
        _add_duration(use, duration_ms)

    def to_tag(self) -> str:
        """The tag's value; names with the least use are left out where there is no room for all."""
        names = sorted(self.names.items(), key=lambda item: -item[1].total_ms)[:MOST_NAMES]
        text = self._encode(self.models, self.tools, dict(names), is_cut=self.is_cut, has_durations=True)
        return text if len(text) <= MAX_LENGTH else self._to_short_tag(names)

    def _to_short_tag(self, names: list[tuple[str, ToolUse]]) -> str:
        models = sorted(self.models.items(), key=lambda item: -item[1].calls)
        tools = sorted(self.tools.items(), key=lambda item: -item[1].calls)
        is_cut = self.is_cut
        while len(text := self._encode(dict(models), dict(tools), dict(names), is_cut=is_cut)) > MAX_LENGTH:
            if not (names or models or tools):
                break
            is_cut = is_cut or not names
            (names or (models if len(models) > len(tools) else tools)).pop()
        return text

    def _encode(
        self,
        models: Mapping[str, ModelUse],
        tools: Mapping[str, ToolUse],
        names: Mapping[str, ToolUse],
        *,
        is_cut: bool,
        has_durations: bool = False,
    ) -> str:
        told: dict[str, Any] = {"v": VERSION, "spans": self.spans}
        uses: Mapping[str, Mapping[str, ModelUse | ToolUse]] = {"models": models, "tools": tools, "names": names}
        for kind, used in uses.items():
            if used:
                told[kind] = {name: _row(use, has_durations) for name, use in used.items()}
        if self.error_type:
            told["error"] = self.error_type[:200]
        if self.time_to_first_byte_ms:
            told["ttfb_ms"] = self.time_to_first_byte_ms
        if is_cut:
            told["cut"] = True
        return _TAG_ENCODER.encode(told)


def summary_from_tag(text: str | None) -> TraceSummary | None:
    """Read the tag; None where there is none, or one that is not ours."""
    told = _mapping(text)
    if told.get("v") != VERSION:
        return None
    try:
        return TraceSummary(
            spans=_checked(told["spans"]),
            models={to_text(name): ModelUse(*_values(row, 7)) for name, row in told.get("models", {}).items()},
            tools={to_text(name): ToolUse(*_values(row, 4)) for name, row in told.get("tools", {}).items()},
            names={to_text(name): ToolUse(*_values(row, 4)) for name, row in told.get("names", {}).items()},
            error_type=to_text(told["error"]) if told.get("error") else None,
            time_to_first_byte_ms=_checked(told["ttfb_ms"]) if told.get("ttfb_ms") is not None else None,
            is_cut=bool(told.get("cut")),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def span_type_of(attributes: Mapping[str, Any]) -> str | None:
    """MLflow's type of a span, None where it says none."""
    if mlflow_names.SPAN_TYPE not in attributes:
        return None
    said = decoded(attributes[mlflow_names.SPAN_TYPE])
    return said if isinstance(said, str) else None


def is_amount(value: Any) -> TypeGuard[float]:
    """Whether a value is a number that can be counted. Anybody can write attributes, tags and metadata."""
    return isinstance(value, (int, float)) and 0 <= value <= LARGEST


def _add_call(uses: dict[str, ToolUse], name: str, duration_ms: int, *, is_failed: bool) -> None:
    use = uses.get(name)
    if use is None:
        use = uses[name] = ToolUse()
    use.calls += 1
    use.failures += is_failed
    _add_duration(use, duration_ms)


def _add_duration(use: ModelUse | ToolUse, duration_ms: int) -> None:
    use.total_ms += duration_ms
    use.longest_ms = max(use.longest_ms, duration_ms)
    bucket = bucket_of(duration_ms)
    use.durations[bucket] = use.durations.get(bucket, 0) + 1


def durations_of(use: ModelUse | ToolUse) -> Mapping[int, int]:
    """Calls by bucket, which sum and longest of one or two tell as well; what nobody knows is in `UNKNOWN`."""
    if use.durations:
        return use.durations
    if use.calls == 1:
        return {bucket_of(use.longest_ms): 1}
    if use.calls == 2:
        return Counter((bucket_of(use.longest_ms), bucket_of(use.total_ms - use.longest_ms)))
    return {UNKNOWN: use.calls}


def _row(use: ModelUse | ToolUse, has_durations: bool) -> list[Any]:
    """What stands in the tag; the durations of one or two calls follow from the rest."""
    *row, durations = vars(use).values()
    is_told = has_durations and use.calls > 2 and durations
    return [*row, [each for pair in durations.items() for each in pair]] if is_told else row


def _values(row: list[Any], size: int) -> list[Any]:
    """The arguments that a row stands for; `size` is how many come before the durations."""
    numbers = [
        None if place == COST_PLACE and value is None else _checked(value) for place, value in enumerate(row[:size])
    ]
    if len(row) <= size:
        return numbers
    buckets, calls = row[size][::2], row[size][1::2]
    if not all(0 <= bucket < BUCKETS for bucket in buckets):
        raise ValueError(f"no buckets: {buckets}")
    return [*numbers, dict(zip(buckets, map(_checked, calls), strict=True))]


def _checked(value: Any) -> Any:
    """A number that can be counted. Raises `ValueError`."""
    if not is_amount(value):
        raise ValueError(f"no amount: {value!r}")
    return value


def _exception_type(proto: ProtoSpan) -> str | None:
    found = (item for event in proto.events for item in event.attributes if item.key == EXCEPTION_TYPE)
    return next((item.value.string_value for item in found), None)


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int) and is_amount(value) else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    found = decoded(value)
    return found if isinstance(found, Mapping) else {}


def decoded(value: Any) -> Any:
    """MLflow writes values as JSON text; a text that is none stands for itself."""
    try:
        return json.loads(value) if isinstance(value, str) and value.startswith(_JSON) else value
    except ValueError:
        return value
