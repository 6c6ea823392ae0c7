"""`Summary`: the figures behind the page; docs/ops.md has the schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from otel_mlflow.ops.question import Question
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
    series: list[Row] = field(default_factory=list)
    hours: list[Row] = field(default_factory=list)
    routes: list[Row] = field(default_factory=list)
    statuses: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    users: list[Row] = field(default_factory=list)
    sessions: list[Row] = field(default_factory=list)
    slowest: list[Row] = field(default_factory=list)
    failing: list[Row] = field(default_factory=list)
    tools: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)


LISTS = (
    "series",
    "hours",
    "routes",
    "statuses",
    "models",
    "users",
    "sessions",
    "slowest",
    "failing",
    "tools",
    "feedback",
)


@dataclass(frozen=True)
class Summary:
    """Figures, with what they are figures of."""

    question: Question
    source: str
    experiment: Experiment
    figures: Figures

    def to_dict(self, *, show_users: bool) -> dict[str, Any]:
        """The summary as JSON values; without `show_users` people have numbers instead of names."""
        question, figures = self.question, self.figures
        names = Names() if not show_users else None
        return {
            "window": {
                "name": question.window,
                "start": iso(question.start_ms),
                "end": iso(question.end_ms),
                "step_seconds": question.step_ms // 1000,
            },
            "filters": {"route": question.route, "user": question.user, "session": question.session},
            "source": {"kind": self.source, "experiment": vars(self.experiment)},
            "missing": [vars(each) for each in figures.missing],
            "totals": figures.totals,
            **{name: [_shown(row, self.experiment, names) for row in getattr(figures, name)] for name in LISTS},
        }


class Names:
    """Numbers for people, in the order in which they come by."""

    def __init__(self) -> None:
        self._numbers: dict[str, str] = {}

    def of(self, user: str) -> str:
        """The same number for the same person."""
        return self._numbers.setdefault(user, f"user {len(self._numbers) + 1}")


def _shown(row: Row, experiment: Experiment, names: Names | None) -> Row:
    shown = dict(row)
    if "time" in shown:
        shown["time"] = iso(shown["time"])
    if names is not None and shown.get("user"):
        shown["user"] = names.of(shown["user"])
    if "trace_id" in shown:
        shown["url"] = trace_url(experiment, shown["trace_id"])
    return shown


def trace_url(experiment: Experiment, trace_id: str) -> str:
    """Where a trace opens in the MLflow UI, empty where there is none."""
    return f"{experiment.url}/traces?selectedEvaluationId={trace_id}" if experiment.url else ""


def iso(time_ms: int) -> str:
    """UTC, ISO 8601, with seconds."""
    return datetime.fromtimestamp(time_ms / 1000, timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
