"""One trace as the index holds it, and how it is read from MLflow's trace info."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from otel_mlflow.spans.records.encoding import to_text
from otel_mlflow.spans.records.trace_summary import SUMMARY_TAG, ModelUse, TraceSummary, is_amount, summary_from_tag

OUTCOME_TAG = "otel_mlflow.outcome"
OK, ERROR, CANCELLED = 0, 1, 2
UNFINISHED = ("IN_PROGRESS", "STATE_UNSPECIFIED")
YES_NO = {"yes": 1.0, "no": 0.0}
TOKENS = ("input_tokens", "output_tokens", "total_tokens")
STATUS_DIGITS = 3
LARGEST_NUMBER = 1e300
"""Of feedback, so that sums of it have room; what is larger is a text."""


@dataclass(frozen=True)
class Assessment:
    """Feedback on a trace. `number` is its value where that is a number, true is 1; `is_text` tells free texts."""

    name: str
    value: str
    number: float | None
    is_text: bool


@dataclass(frozen=True)
class TraceEntry:
    """What is known of one trace. Times in ms."""

    trace_id: str
    experiment_id: str
    time_ms: int
    duration_ms: int | None
    route: str
    outcome: int
    is_unfinished: bool
    status_code: int | None = None
    service: str | None = None
    version: str | None = None
    user: str | None = None
    session: str | None = None
    request_id: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict)
    cost: float | None = None
    summary: TraceSummary | None = None
    """None where neither a tag nor the spans say what was used."""
    assessments: tuple[Assessment, ...] = ()
    is_unnamed: bool = False
    """Whether its tag does not tell all its spans by name."""
    is_delivered_here: bool = False
    """Whether this host has delivered it, and knows of it all that the backend does."""

    @property
    def needs_spans(self) -> bool:
        """Whether only its spans tell what it used: no tag, a tag that is cut, or one that later spans outdid."""
        summary = self.summary
        if summary is None or summary.is_cut:
            return True
        used = sum(use.total_tokens for use in summary.models.values())
        if self.usage.get("total_tokens", used) > used:
            return True
        return len(summary.models) > 1 and bool(self.cost) and any(use.cost is None for use in summary.models.values())

    def with_summary(self, summary: TraceSummary) -> TraceEntry:
        """The same with what its spans say; error type, time to first byte and names stay the tag's.

        All of it does where there are more calls in the tag: a backend may have no spans (any more, or yet).
        """
        known = self.summary
        if known is None:
            return replace(self, summary=replace(summary, names={}))
        if summary.calls < known.calls:
            return self
        return replace(self, summary=replace(known, models=summary.models, tools=summary.tools))

    @property
    def tokens(self) -> Mapping[str, int]:
        """What the backend says was used, else what the models of the summary add up to."""
        if self.usage or self.summary is None or not self.summary.models:
            return self.usage
        return {name: sum(getattr(use, name) for use in self.summary.models.values()) for name in TOKENS}

    @property
    def models(self) -> dict[str, ModelUse]:
        """By name; what the one model of a trace cost is what the trace cost, where the spans do not say it."""
        models = self.summary.models if self.summary is not None else {}
        if len(models) == 1 and self.cost is not None:
            return {name: replace(use, cost=self.cost) for name, use in models.items()}
        return models


def entry_from_info(info: Mapping[str, Any]) -> TraceEntry:
    """Read a trace info (`mlflow.protos.service_pb2.TraceInfoV3` as JSON)."""
    tags, metadata = info.get("tags") or {}, info.get("trace_metadata") or {}
    summary = summary_from_tag(tags.get(SUMMARY_TAG))
    state = info.get("state", "STATE_UNSPECIFIED")
    return TraceEntry(
        trace_id=info["trace_id"],
        experiment_id=info.get("trace_location", {}).get("mlflow_experiment", {}).get("experiment_id", ""),
        time_ms=milliseconds_since_epoch(info["request_time"]),
        duration_ms=_milliseconds(info.get("execution_duration")),
        route=tags.get("mlflow.traceName") or "",
        outcome=outcome_of(state, tags.get(OUTCOME_TAG)),
        is_unfinished=state in UNFINISHED,
        status_code=status_code_of(tags.get("http.status_code")),
        service=tags.get("service.name"),
        version=tags.get("service.version"),
        user=metadata.get("mlflow.trace.user"),
        session=metadata.get("mlflow.trace.session"),
        request_id=info.get("client_request_id") or None,
        usage=usage_of(json_mapping(metadata.get("mlflow.trace.tokenUsage"))),
        cost=cost_of(json_mapping(metadata.get("mlflow.trace.cost")).get("total_cost")),
        summary=summary,
        is_unnamed=is_unnamed(summary),
        assessments=tuple(_feedback(info.get("assessments") or ())),
    )


def is_unnamed(summary: TraceSummary | None) -> bool:
    """Whether a tag does not tell all spans by name."""
    return summary is None or not summary.has_all_names


def outcome_of(state: str, tag: str | None) -> int:
    """A request that was cancelled is ERROR to MLflow, and no error here."""
    if tag == "cancelled":
        return CANCELLED
    return ERROR if state == "ERROR" else OK


def status_code_of(tag: str | None) -> int | None:
    """The status code that a tag says; None for what cannot be one."""
    is_code = tag and len(tag) <= STATUS_DIGITS and tag.isascii() and tag.isdigit()
    return int(tag) if tag and is_code else None


def usage_of(told: Mapping[str, Any]) -> Mapping[str, int]:
    """The tokens of a trace, as far as they are numbers."""
    return {name: int(told[name]) for name in TOKENS if is_amount(told.get(name))}


def cost_of(told: Any) -> float | None:
    """What a trace cost; None for what is no amount."""
    return float(told) if is_amount(told) else None


def assessment(name: str, value: Any) -> Assessment:
    """Sort a value of feedback: a number, true or false, yes or no, or a text."""
    if isinstance(value, bool):
        return Assessment(name, "true" if value else "false", float(value), is_text=False)
    if isinstance(value, (int, float)) and abs(value) <= LARGEST_NUMBER:
        return Assessment(name, str(float(value)), float(value), is_text=False)
    if isinstance(value, str) and value.lower() in YES_NO:
        return Assessment(name, value, YES_NO[value.lower()], is_text=False)
    return Assessment(name, to_text(value) if isinstance(value, str) else json.dumps(value), None, is_text=True)


def json_mapping(text: str | None) -> Mapping[str, Any]:
    """The object that a JSON text stands for; an empty one for anything else."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def milliseconds_since_epoch(text: str) -> int:
    """Read the time of a trace info."""
    return round(datetime.fromisoformat(_with_microseconds(text)).timestamp() * 1000)


def _with_microseconds(text: str) -> str:
    """As Python 3.10 reads it: an offset in place of Z, and no more than six digits of a second."""
    whole, dot, rest = text.replace("Z", "+00:00").partition(".")
    if not dot:
        return whole
    digits, sign, offset = rest.partition("+")
    return f"{whole}.{digits[:6]:0<6}{sign}{offset}"


def _milliseconds(duration: str | None) -> int | None:
    return None if duration is None else round(float(duration.removesuffix("s")) * 1000)


def _feedback(assessments: Iterable[Mapping[str, Any]]) -> Iterable[Assessment]:
    """Only what was judged: no expectations, nothing of judges that failed, and nothing that was overridden."""
    for given in assessments:
        if given.get("valid", True) and given.get("feedback", {}).get("value") is not None:
            yield assessment(given.get("assessment_name", ""), given["feedback"]["value"])
