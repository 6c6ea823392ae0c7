"""`Summary`: the figures behind the page; docs/ops.md has the schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any

from otel_mlflow.ops.error_budget import error_budget
from otel_mlflow.ops.question import FILTERS, Question
from otel_mlflow.pacing import rest_if_due
from otel_mlflow.settings.defaults import ERROR_OBJECTIVE
from otel_mlflow.status import Experiment

Row = dict[str, Any]


@dataclass(frozen=True)
class Missing:
    """A figure that the source cannot give, and why."""

    figure: str
    reason: str


@dataclass(frozen=True)
class Figures:
    """What a source has counted. A value that could not be had is None, and `missing` says why.

    Durations are in ms, cost in USD. Times in rows are ms since the epoch here, and ISO 8601 in the JSON.
    """

    totals: Row = field(default_factory=dict)
    previous: Row = field(default_factory=dict)
    series: list[Row] = field(default_factory=list)
    hours: list[Row] = field(default_factory=list)
    routes: list[Row] = field(default_factory=list)
    services: list[Row] = field(default_factory=list)
    versions: list[Row] = field(default_factory=list)
    statuses: list[Row] = field(default_factory=list)
    errors: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    users: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    slowest: list[Row] = field(default_factory=list)
    failing: list[Row] = field(default_factory=list)
    latest: list[Row] = field(default_factory=list)
    tools: list[Row] = field(default_factory=list)
    spans: list[Row] = field(default_factory=list)
    model_series: list[Row] = field(default_factory=list)
    user_series: list[Row] = field(default_factory=list)
    feedback_series: list[Row] = field(default_factory=list)
    retention: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    disliked: list[Row] = field(default_factory=list)
    comments: list[Row] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)


LISTS = tuple(one.name for one in fields(Figures) if one.name not in ("totals", "previous", "missing"))
BEHIND = "behind: "
"""How a reason begins that will be gone soon."""

TIMES = ("time", "first", "last")


@dataclass(frozen=True)
class Disclosure:
    """What of people may be shown: their names, or a pseudonym for each; their own words, or none."""

    pseudonym: Callable[[str], str] | None = None
    texts: bool = False


@dataclass(frozen=True)
class Summary:
    """Figures, with what they are figures of."""

    question: Question
    source: str
    experiment: Experiment
    figures: Figures
    not_read: Sequence[Missing] = ()
    """What the figures lack because the backend's traces have not been read so far."""

    @property
    def missing(self) -> list[Missing]:
        """All that cannot be told, and why."""
        return [*self.figures.missing, *self.not_read]

    @property
    def is_behind(self) -> bool:
        """Whether asking again soon will tell more."""
        return any(each.reason.startswith(BEHIND) for each in self.missing)

    def to_dict(self, disclosure: Disclosure, error_objective: float = ERROR_OBJECTIVE) -> dict[str, Any]:
        """The summary as JSON values."""
        question, figures = self.question, self.figures
        lists = {name: [self._row(row, disclosure) for row in getattr(figures, name)] for name in LISTS}
        return {
            "window": {
                "name": question.window,
                "start": iso(question.start_ms),
                "end": iso(question.end_ms),
                "step_seconds": question.step_ms // 1000,
            },
            "filters": {name: getattr(question, name) for name in FILTERS},
            "source": {"kind": self.source, "experiment": vars(self.experiment)},
            "missing": [vars(each) for each in self.missing],
            "totals": figures.totals,
            "previous": figures.previous,
            "error_budget": error_budget(figures.totals, figures.series, error_objective),
            **lists,
            "comments": lists["comments"] if disclosure.texts else [],
        }

    def _row(self, row: Row, disclosure: Disclosure) -> Row:
        rest_if_due()
        told = {key: value for key, value in row.items() if key != "experiment"}
        told.update({key: iso(told[key]) for key in TIMES if key in told})
        if disclosure.pseudonym is not None and told.get("user"):
            told["user"] = disclosure.pseudonym(told["user"])
        if "trace_id" in told:
            told["url"] = trace_url(self.experiment, row.get("experiment"), told["trace_id"])
        return told


def trace_url(experiment: Experiment, experiment_id: str | None, trace_id: str) -> str:
    """Where a trace opens in the MLflow UI, empty where there is none."""
    if not experiment.url:
        return ""
    place = f"{experiment.url.rpartition('/')[0]}/{experiment_id or experiment.id}"
    return f"{place}/traces?selectedEvaluationId={trace_id}"


def iso(time_ms: int) -> str:
    """UTC, ISO 8601, with seconds."""
    return datetime.fromtimestamp(time_ms / 1000, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
