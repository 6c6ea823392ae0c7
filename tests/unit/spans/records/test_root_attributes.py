"""A trace's metadata on its root: what OTLP carries, and what is left for a request of its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from mlflow.tracing.constant import SpanAttributeKey

from otel_mlflow.spans.records.root_attributes import TAG_PREFIX, export_tags, needs_request
from otel_mlflow.spans.trace import TraceMetadata
from otel_mlflow.testing import CapturedTraces

TAGS = {"http.route": "/chat", "mlflow.traceName": ""}
ALL_TAGS = {**TAGS, "mlflow.traceName": "POST /chat"}
"""With the name that the root has in the end."""


def written(**metadata: Any) -> Any:
    """An open trace whose root is written."""
    trace = SimpleNamespace(
        root=SimpleNamespace(remote_parent_id=None), source_run=None, info=None, metadata=TraceMetadata()
    )
    vars(trace.metadata).update(metadata)
    export_tags(trace.metadata, TAGS)
    return trace


def info(**changes: Any) -> dict[str, Any]:
    """What is written down of the trace as a whole."""
    return {"client_request_id": "", "request_preview": None, "response_preview": None, "tags": ALL_TAGS, **changes}


def test_the_prefix_is_mlflow_s() -> None:
    """By it the server knows a tag."""
    assert TAG_PREFIX == SpanAttributeKey.TRACE_TAG_PREFIX


def test_tags_are_attributes_of_the_root(traces: CapturedTraces) -> None:
    """Those of user code, those of the settings, and none on any other span."""
    with mlflow.start_span("root"):
        mlflow.update_current_trace(tags={"colour": "blue"})
        with mlflow.start_span("child"):
            pass
    root, child = traces[0].data.spans
    assert root.attributes[f"{TAG_PREFIX}colour"] == "blue"
    assert not [key for key in child.attributes if key.startswith(TAG_PREFIX)]


def test_text_in_quotes_stays_in_quotes() -> None:
    """The server unpacks what looks like JSON's text once."""
    tags = export_tags(TraceMetadata(), {"a": '"q"', "b": '{"a": 1}', "c": "plain"})
    assert tags == {f"{TAG_PREFIX}a": '"\\"q\\""', f"{TAG_PREFIX}b": '{"a": 1}', f"{TAG_PREFIX}c": "plain"}


def test_what_the_root_carries_needs_no_request() -> None:
    """Tags, session and user as they were when the root was written; the server takes the name from the root."""
    assert not needs_request(written(session="s", user="u"), info())


@pytest.mark.parametrize("set_by_hand", [{"trace_metadata": {"colour": "blue"}}, {"state": "ERROR"}])
def test_what_user_code_set_and_otlp_has_no_place_for(set_by_hand: dict[str, Any]) -> None:
    """Metadata, a state."""
    trace = written()
    nothing: dict[str, Any] = {"trace_metadata": {}, "state": "IN_PROGRESS"}
    trace.info = SimpleNamespace(**nothing)
    assert not needs_request(trace, info())
    trace.info = SimpleNamespace(**{**nothing, **set_by_hand})
    assert needs_request(trace, info())


@pytest.mark.parametrize("preview", [{"request_preview": "asked"}, {"response_preview": "answered"}])
def test_a_preview_of_its_own_needs_a_request(preview: dict[str, str]) -> None:
    """The server makes its own of the root."""
    assert needs_request(written(), info(**preview))


def test_a_client_s_request_id_and_a_run_need_a_request() -> None:
    """Both were asked for by somebody."""
    assert needs_request(written(), info(client_request_id="r-1"))
    in_run = written()
    in_run.source_run = "run-1"
    assert needs_request(in_run, info())


def test_what_was_set_after_the_root_was_written_needs_a_request() -> None:
    """A tag, a session, and everything of a trace whose root is not ours or has not been seen."""
    assert needs_request(written(), info(tags={**ALL_TAGS, "late": "yes"}))
    trace = written(session="before")
    trace.metadata.session = "after"
    assert needs_request(trace, info())
    failed_late = written()
    changed = {**ALL_TAGS, "otel_mlflow.outcome": "error"}
    export_tags(failed_late.metadata, changed)
    assert needs_request(failed_late, info(tags=changed)), "the root was written before, as a success"
    joined = written()
    joined.root.remote_parent_id = 7
    assert needs_request(joined, info())
    unseen = written()
    unseen.root = None
    assert needs_request(unseen, info())
