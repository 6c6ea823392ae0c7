"""An MLflow tracking server: its own aggregation counts, and what that does not group by is told to be missing."""

from __future__ import annotations

from typing import Any

from otel_mlflow.delivery.destinations.base import shown
from otel_mlflow.delivery.destinations.crew import for_each
from otel_mlflow.delivery.destinations.http import CONNECT_TIMEOUT, error_for
from otel_mlflow.delivery.destinations.tracking_credentials import TrackingCredentials
from otel_mlflow.diagnosis.status import Experiment
from otel_mlflow.errors import NeedsRepair
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.base import MOST_ROWS
from otel_mlflow.ops.sources.server_counting import counted, questions
from otel_mlflow.ops.sources.trace_metrics import NoMetricsError, TraceMetrics
from otel_mlflow.ops.summary import Figures, Missing, Row, Summary

READ_TIMEOUT = 60.0
"""Seconds for one count over many traces."""

AT_ONCE = 4
"""Questions under way: the server has other things to do."""

_TOO_OLD = "this MLflow server is too old to count (no `QueryTraceMetrics`): upgrade it to 3.17 or newer"
OLD_SERVER = tuple(
    Missing(figure, _TOO_OLD)
    for figure in (
        "totals",
        "series",
        "hours",
        "routes",
        "statuses",
        "models",
        "users",
        "sessions",
        "tools",
        "feedback",
    )
)


class MlflowServer:
    """The tracking server at `uri`."""

    def __init__(self, uri: str, *, experiment_name: str, experiment_id: str | None) -> None:
        self._uri = uri
        self._experiment_name = experiment_name
        self._experiment_id = experiment_id

    def summary(self, question: Question) -> Summary:
        """Have the server count."""
        credentials = TrackingCredentials.read(self._uri.rstrip("/"))
        client = credentials.client(connections=AT_ONCE, timeouts=(CONNECT_TIMEOUT, READ_TIMEOUT))
        backend = credentials.backend
        try:
            experiment = self._experiment(client, backend, credentials.shown_uri)
            figures = _figures(TraceMetrics(client, backend, experiment.id), question)
        finally:
            client.close()
        return Summary(question, "MLflow server", experiment, figures)

    def _experiment(self, client: Any, backend: str, shown_uri: str) -> Experiment:
        by_id, name = self._experiment_id, self._experiment_name
        answer = (
            client.get("/api/2.0/mlflow/experiments/get", {"experiment_id": by_id})
            if by_id
            else client.get("/api/2.0/mlflow/experiments/get-by-name", {"experiment_name": name})
        )
        if answer.error_code == "RESOURCE_DOES_NOT_EXIST":
            wanted = f"id {by_id}" if by_id else repr(name)
            raise NeedsRepair(
                f"{shown(shown_uri)} has no experiment {wanted}", "wait for the first trace, or correct experiment_name"
            )
        if answer.status != 200:
            raise error_for(answer, backend)
        found = answer.json()["experiment"]
        url = f"{shown_uri}/#/experiments/{found['experiment_id']}"
        return Experiment(found["experiment_id"], found["name"], url)


def _figures(metrics: TraceMetrics, question: Question) -> Figures:
    slowest = metrics.search(question, order="execution_time_ms DESC", limit=MOST_ROWS)
    # Those that were cancelled are ERROR to MLflow, too: some more, so that enough others are among them.
    ended = metrics.search(question, order="timestamp_ms DESC", limit=5 * MOST_ROWS, condition="trace.status = 'ERROR'")
    lists: dict[str, Any] = {
        "slowest": slowest,
        "failing": [row for row in ended if row["outcome"] == "error"][:MOST_ROWS],
    }
    try:
        return counted(_answers(metrics, question), question, lists)
    except NoMetricsError:
        return Figures(**lists, missing=list(OLD_SERVER))


def _answers(metrics: TraceMetrics, question: Question) -> dict[str, list[Row]]:
    asked = questions(question)
    found: dict[str, list[Row]] = {}

    def ask(name: str) -> None:
        found[name] = metrics.points(asked[name], question)

    ask("latency")
    for_each([name for name in asked if name not in found], ask, threads=AT_ONCE)
    return found
