"""A real server learns from the root's attributes what it would otherwise be sent a request for."""

from __future__ import annotations

import json
from pathlib import Path

from mlflow import MlflowClient

from otel_mlflow.delivery.records import TraceRecord
from otel_mlflow.spans.records.root_attributes import export_tags
from otel_mlflow.spans.trace import TraceMetadata
from tests.delivering import Finished, delivering, info_of, settings_for, trace, wait_for
from tests.servers.mlflow_server import MlflowServer

TAGS = {
    "colour": "blue",
    "number": "1e5",
    "yes": "true",
    "json": '{"a": [1]}',
    "quoted": '"q"',
    "empty quotes": '""',
    "umlaut": "ü " * 100,
}


def record(**info: object) -> TraceRecord:
    """A trace whose root carries tags, session and user."""
    attributes = {
        **export_tags(TraceMetadata(), TAGS),
        "session.id": "s-1",
        "user.id": "ada",
        "mlflow.spanInputs": json.dumps({"q": "why?"}),
        "mlflow.spanOutputs": json.dumps("because"),
    }
    return trace(spans=1, name="POST /chat", attributes=attributes, info=info_of(tags=TAGS, **info))


def test_tags_session_user_and_previews_arrive_with_the_spans(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """Whatever the tags' values look like; no trace takes a request of its own."""
    records = [record(needs_request=False) for _ in range(5)]
    settings = settings_for(tmp_path, mlflow_server.url).model_copy(update={"experiment_name": "otlp alone"})
    with delivering(settings) as delivery:
        for each in records:
            delivery.put(Finished(each))
        wait_for(delivery, lambda counts: counts.delivered == len(records))
    client = MlflowClient(mlflow_server.url)
    info = client.get_trace(records[0].trace_id).info
    assert {key: info.tags.get(key) for key in TAGS} == TAGS
    assert info.trace_metadata["mlflow.trace.session"] == "s-1"
    assert info.trace_metadata["mlflow.trace.user"] == "ada"
    assert (info.request_preview, info.response_preview) == ('{"q": "why?"}', '"because"')
    assert info.state == "OK"
    assert not info.client_request_id, "which only the request would have brought"


def test_what_a_client_asked_for_takes_a_request(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """Its request id and metadata arrive, beside what the root carries."""
    asked = record(needs_request=True, client_request_id="r-1")
    settings = settings_for(tmp_path, mlflow_server.url).model_copy(update={"experiment_name": "otlp and more"})
    with delivering(settings) as delivery:
        delivery.put(Finished(asked))
        wait_for(delivery, lambda counts: counts.delivered == 1)
    info = MlflowClient(mlflow_server.url).get_trace(asked.trace_id).info
    assert info.client_request_id == "r-1"
    assert info.trace_metadata["colour"] == "blue"
    assert info.tags["json"] == TAGS["json"]
