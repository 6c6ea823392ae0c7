"""The doctor at a real MLflow server, and at an OpenTelemetry collector."""

from __future__ import annotations

from mlflow import MlflowClient

from otel_mlflow.settings import Settings
from tests.doctor.examining import examined, not_ok, not_tried
from tests.servers.mlflow_server import MlflowServer
from tests.servers.scripted import OTLP, Fault, ScriptedMlflow


def collector(server: ScriptedMlflow) -> Settings:
    """Settings that lead to it; what it takes are OTLP requests."""
    endpoint = f"{server.url}{OTLP}"
    return Settings(tracing={"backend": "otlp"}, otlp={"endpoint": endpoint, "headers": {"authorization": "Bearer me"}})


def test_all_is_well_at_a_server(mlflow_server: MlflowServer) -> None:
    """The experiment is made; the trace is read back with its spans, and nothing of it stays."""
    checks = examined(tracking_uri=mlflow_server.url, experiment_name="examined")
    client = MlflowClient(mlflow_server.url)
    experiment = client.get_experiment_by_name("examined")
    assert experiment is not None
    assert client.search_traces(locations=[experiment.experiment_id]) == []
    assert not_ok(checks) == {}
    assert not_tried(checks) == set()
    assert f"answers at {mlflow_server.url}" in checks["host"].detail
    assert "without credentials" in checks["credentials"].detail
    assert f"{mlflow_server.url}/#/experiments/{experiment.experiment_id}" in checks["experiment"].detail
    assert "read back with its 2 spans" in checks["test_trace"].detail


def test_all_is_well_at_a_collector(scripted: ScriptedMlflow) -> None:
    """It cannot be asked for what it has taken, which is said, with the trace's id."""
    checks = examined(collector(scripted))
    assert not_ok(checks) == {}
    (trace_id,) = scripted.traces
    assert trace_id.removeprefix("tr-") in checks["test_trace"].detail


def test_a_collector_that_refuses_the_credentials(scripted: ScriptedMlflow) -> None:
    """They are in a setting, which is named."""
    scripted.authorization = "Bearer somebody else"
    checks = examined(collector(scripted))
    assert not_ok(checks) == {"credentials": "fail"}
    assert "otlp.headers" in checks["credentials"].fix


def test_an_address_that_takes_no_traces(scripted: ScriptedMlflow) -> None:
    """The path is missing, most often."""
    scripted.fault = Fault(status=404)
    checks = examined(collector(scripted))
    assert not_ok(checks) == {"credentials": "fail"}
    assert "/v1/traces" in checks["credentials"].fix
