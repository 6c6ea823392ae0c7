"""An MLflow tracking server: its own aggregation counts, and what that does not group by is told to be missing."""

from __future__ import annotations

from typing import Any

from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.backends.http import CONNECT_TIMEOUT
from otel_mlflow.backends.rest_experiments import RestExperiments
from otel_mlflow.backends.tracking_credentials import TrackingCredentials
from otel_mlflow.ops.question import Question
from otel_mlflow.ops.sources.base import MOST_ROWS, Wanted
from otel_mlflow.ops.sources.server_counting import counted, questions
from otel_mlflow.ops.sources.trace_metrics import NoMetricsError, TraceMetrics
from otel_mlflow.ops.summary import LISTS, Figures, Missing, Row, Summary
from otel_mlflow.status import Experiment

READ_TIMEOUT = 60.0
"""Seconds for one count over many traces."""

AT_ONCE = 4
"""Questions under way: the server has other things to do."""

_TOO_OLD = "this MLflow server is too old to count (no `QueryTraceMetrics`): upgrade it to 3.17 or newer"
OLD_SERVER = tuple(Missing(figure, _TOO_OLD) for figure in ("totals", *LISTS) if figure not in ("slowest", "failing"))


class MlflowServer:
    """The tracking server at `uri`."""

    def __init__(self, uri: str, wanted: Wanted) -> None:
        self._uri = uri.rstrip("/")
        self._wanted = wanted

    def summary(self, question: Question) -> Summary:
        """Have the server count."""
        credentials = TrackingCredentials.read(self._uri)
        client = credentials.client(connections=AT_ONCE, timeouts=(CONNECT_TIMEOUT, READ_TIMEOUT))
        backend = credentials.backend
        try:
            found = self._wanted.found_by(RestExperiments(client, backend), backend)
            experiment = Experiment(found.id, found.name, f"{credentials.shown_uri}/#/experiments/{found.id}")
            figures = _figures(TraceMetrics(client, backend, experiment.id), question)
        finally:
            client.close()
        return Summary(question, "MLflow server", experiment, figures)


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
    map_parallel([name for name in asked if name not in found], ask, threads=AT_ONCE)
    return found
