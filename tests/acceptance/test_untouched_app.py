"""`OTEL_TRACES_EXPORTER=mlflow opentelemetry-instrument …`: traces of an app in which nothing was changed."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from mlflow.entities import TraceState

from tests.acceptance.conftest import Serve
from tests.servers.process import until
from tests.servers.traces import parse, picture, trees

INSTRUMENT = str(Path(sysconfig.get_path("scripts")) / "opentelemetry-instrument")
ENVIRONMENT = {
    "OTEL_TRACES_EXPORTER": "mlflow",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_BSP_SCHEDULE_DELAY": "100",
}


def test_an_untouched_app_s_requests_are_traces(serve: Serve) -> None:
    """One span each, with the tags by which requests are found."""
    service = serve("tests.acceptance.apps.untouched:app", environment=ENVIRONMENT, launcher=[INSTRUMENT])
    assert service.get("/hello/ada").json() == "hello ada"
    (trace,) = until(
        lambda: [trace for trace in service.reader.traces() if "http.method" in trace.info.tags],
        seconds=60,
        waiting_for=lambda: f"its trace with its tags; the log:\n{service.server.log}",
    )
    assert picture(trees(trace.data.spans)) == picture([parse("GET /hello/{name}")])
    assert trace.info.state is TraceState.OK
    said = {
        key: trace.info.tags[key] for key in ("http.method", "http.route", "http.status_code", "otel_mlflow.outcome")
    }
    assert list(said.values()) == ["GET", "/hello/{name}", "200", "ok"]
