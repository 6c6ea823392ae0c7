"""The stand-in is one that the real clients take for a workspace."""

from __future__ import annotations

from typing import Any, cast

import pytest
import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import PermissionDenied
from mlflow import MlflowClient
from mlflow.entities import Span, TraceData, TraceInfo
from mlflow.entities.trace_location import TraceLocation, UnityCatalog
from mlflow.entities.trace_state import TraceState
from mlflow.tracing.client import TracingClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.delivering import spans_of
from tests.servers.workspace import CLIENT_ID, USER, Fault, Workspace

NAME = f"/Users/{USER}/an-experiment"
HEX = "0123456789abcdef0123456789abcdef"


def written_spans() -> list[Span]:
    """A root and two spans below it."""
    request = ExportTraceServiceRequest.FromString(spans_of(bytes.fromhex(HEX), spans=3))
    return [Span.from_otel_proto(span) for span in request.resource_spans[0].scope_spans[0].spans]


def info_at(location: TraceLocation, trace_id: str) -> TraceInfo:
    """The info of a trace there."""
    return TraceInfo(trace_id, location, 1_700_000_000_000, TraceState.OK, tags={"colour": "blue"})


def test_a_service_principal_gets_a_token_and_is_known(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """databricks-sdk finds the OAuth endpoints, gets a token, and is told who it is."""
    for name, value in workspace.machine_environment.items():
        monkeypatch.setenv(name, value)
    assert WorkspaceClient().current_user.me().user_name == CLIENT_ID
    assert workspace.auth.issued == 1


def test_folders_can_be_made(as_user: Workspace) -> None:
    """databricks-sdk makes a folder with all above it."""
    client = WorkspaceClient()
    client.workspace.mkdirs("/Workspace/Shared/a/b")
    assert client.workspace.get_status("/Shared/a/b").path == "/Shared/a/b"


def test_a_run_can_be_written_and_read(client: MlflowClient) -> None:
    """MLflow's client writes a run and finds it by a tag."""
    experiment_id = client.create_experiment(NAME)
    run_id = client.create_run(experiment_id, tags={"trace": "tr-1"}, run_name="a run").info.run_id
    client.log_param(run_id, "depth", 3)
    client.log_metric(run_id, "latency", 1.5)
    client.set_terminated(run_id)
    [run] = client.search_runs([experiment_id], "tags.trace = 'tr-1'")
    assert (run.info.run_name, run.info.status) == ("a run", "FINISHED")
    assert (run.data.params, run.data.metrics) == ({"depth": "3"}, {"latency": 1.5})


def test_a_classic_trace_can_be_written_and_read(client: MlflowClient, workspace: Workspace) -> None:
    """MLflow's client writes info to the workspace and spans to storage, and finds both again."""
    location = TraceLocation.from_experiment_id(client.create_experiment(NAME))
    tracing = TracingClient("databricks")
    returned = tracing.start_trace(info_at(location, f"tr-{HEX}"))
    cast(Any, tracing)._upload_trace_data(returned, TraceData(written_spans()))
    [trace] = client.search_traces(locations=[str(returned.experiment_id)], filter_string="tags.colour = 'blue'")
    assert len(trace.data.spans) == 3
    assert workspace.storage_server.count("PUT", ".*") == 1


def test_a_trace_in_unity_catalog_can_be_written_and_read(client: MlflowClient, workspace: Workspace) -> None:
    """MLflow's client links an experiment to tables, writes info and spans to them, and finds both again."""
    experiment_id = client.create_experiment(NAME)
    tracing = TracingClient("databricks")
    made = cast(Any, tracing)._create_or_get_trace_location(UnityCatalog("main", "default", "agent"))
    cast(Any, tracing)._link_trace_location(experiment_id, made)
    assert client.get_experiment(experiment_id).trace_location == UnityCatalog("main", "default", "agent")
    location = TraceLocation.from_databricks_uc_table_prefix("main", "default", "agent")
    tracing.start_trace(info_at(location, f"trace:/main.default.agent/{HEX}"))
    cast(Any, tracing.store).log_spans(made.full_otel_spans_table_name, written_spans(), "databricks")
    [trace] = client.search_traces(locations=["main.default.agent"])
    assert (len(trace.data.spans), trace.info.tags["colour"]) == (3, "blue")


def test_a_fault_is_used_up(as_user: Workspace) -> None:
    """A fault holds for as many requests as it is for."""
    client = WorkspaceClient()
    as_user.api.faults.add("/scim/", Fault(403, "PERMISSION_DENIED", "not today"), times=1)
    with pytest.raises(PermissionDenied, match="not today"):
        client.current_user.me()
    assert client.current_user.me().user_name == USER


def test_a_server_that_refused_connections_is_back_at_the_same_address(as_user: Workspace) -> None:
    """What is refused for a while needs no other configuration afterwards."""
    as_user.storage_server.refuse()
    with pytest.raises(requests.ConnectionError):
        requests.get(as_user.storage.url, timeout=30)
    as_user.storage_server.listen()
    assert requests.get(f"{as_user.storage.url}/a/file", timeout=30).status_code == 403
