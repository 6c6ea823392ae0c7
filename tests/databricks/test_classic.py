"""Traces of classic experiments: what arrives, in how many requests, and what stands in the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from otel_mlflow.backends.http import CONNECT_TIMEOUT, READ_TIMEOUT
from otel_mlflow.delivery.clock import Clock, SystemClock
from otel_mlflow.delivery.destinations.databricks import Databricks
from otel_mlflow.delivery.destinations.databricks_classic import ROOT_FOLLOWS
from otel_mlflow.delivery.records import SpooledTrace, TraceRecord
from otel_mlflow.settings import UnityCatalogSettings
from tests.databricks.sending import NAME, child_spans, feedback_on, fragment, read_back, root_of, settings_in
from tests.delivering import Finished, delivering, info_of, put, trace, wait_for
from tests.servers.workspace import Fault, Workspace


def test_a_trace_arrives_whole(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """Spans under their parents, tags, session, user and previews are what MLflow's client reads back."""
    metadata = {"mlflow.trace.session": "s-1", "mlflow.trace.user": "bob"}
    sent = trace(info=info_of(trace_metadata=metadata, tags={"http.route": "/chat"}), spans=4)
    with delivering(settings_in(tmp_path)) as delivery:
        delivery.put(Finished(sent))
        wait_for(delivery, lambda counts: counts.delivered == 1)
    arrived = read_back(client)[sent.trace_id]
    [root] = [span for span in arrived.data.spans if span.parent_id is None]
    assert {span.parent_id for span in arrived.data.spans if span is not root} == {root.span_id}
    assert len(arrived.data.spans) == 4
    assert arrived.info.tags["http.route"] == "/chat"
    assert arrived.info.trace_metadata.items() >= metadata.items()
    assert arrived.info.request_preview == "the request"


def test_a_trace_takes_three_requests(as_user: Workspace, tmp_path: Path) -> None:
    """Info, leave to write, the spans; who we are and which experiment it is are asked once for all."""
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 20)
        wait_for(delivery, lambda counts: counts.delivered == 20)
    asked = as_user.api
    assert asked.count("POST", "/api/3.0/mlflow/traces") == 20
    assert asked.count("GET", ".*/credentials-for-data-upload") == 20
    assert as_user.storage_server.count("PUT", ".*") == 20
    others = [one.target for one in asked.requests if "traces" not in one.target]
    assert len(others) == len(set(others)) + 1, "only the experiment is looked for twice: before and after it is made"


def test_what_ends_later_joins_its_trace(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """A fragment is added to the file of the trace, which keeps its other spans."""
    whole = trace(spans=3)
    with delivering(settings_in(tmp_path)) as delivery:
        delivery.put(Finished(whole))
        wait_for(delivery, lambda counts: counts.delivered == 1)
        delivery.put(Finished(fragment(whole, child_spans(whole.trace_id, root_of(whole)))))
        assert delivery.flush(30)
    assert sorted(span.name for span in read_back(client)[whole.trace_id].data.spans)[0] == "late"
    assert len(read_back(client)[whole.trace_id].data.spans) == 4


def test_a_part_may_come_before_its_trace(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """Another process went on with the trace and is done first; the root completes what it began."""
    whole = trace(spans=3)
    with delivering(settings_in(tmp_path)) as delivery:
        delivery.put(Finished(fragment(whole, child_spans(whole.trace_id, root_of(whole)))))
        assert delivery.flush(30)
        assert read_back(client)[whole.trace_id].info.state == "IN_PROGRESS"
        delivery.put(Finished(whole))
        assert delivery.flush(30)
    arrived = read_back(client)[whole.trace_id]
    assert (arrived.info.state, len(arrived.data.spans)) == ("OK", 4)


def test_a_part_lets_its_trace_go_first(as_user: Workspace, client: MlflowClient) -> None:
    """Another process delivers the trace while its part is held back: nobody overwrites the other's spans."""
    whole = trace(spans=3)
    rest = child_spans(whole.trace_id, root_of(whole))

    class RootComes(SystemClock):
        def sleep(self, seconds: float) -> None:
            if seconds == ROOT_FOLLOWS:
                destination(SystemClock()).send([SpooledTrace(1, whole.trace_id, whole.spans, whole.info, None)])

    destination(RootComes()).send([SpooledTrace(1, whole.trace_id, rest, b"", None)])
    arrived = read_back(client)[whole.trace_id]
    assert (arrived.info.state, len(arrived.data.spans)) == ("OK", 4)


def destination(clock: Clock) -> Databricks:
    """The workspace, as a process delivers to it."""
    timeouts = (CONNECT_TIMEOUT, READ_TIMEOUT)
    catalog = UnityCatalogSettings()
    made = Databricks(
        "databricks", experiment_name=NAME, experiment_id=None, unity_catalog=catalog, timeouts=timeouts, clock=clock
    )
    made.open()
    return made


def test_feedback_arrives_with_its_trace(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """Feedback that follows at once waits for its trace, and is there when the trace is read."""
    sent = trace()
    with delivering(settings_in(tmp_path)) as delivery:
        delivery.put(Finished(sent))
        delivery.put_feedback(sent.trace_id, feedback_on(sent.trace_id))
        assert delivery.flush(30)
    [arrived] = read_back(client)[sent.trace_id].info.assessments
    assert arrived.feedback is not None
    assert (arrived.name, arrived.feedback.value, arrived.source.source_id) == ("helpful", True, "bob")


def test_a_refused_trace_is_quarantined_and_the_rest_arrives(as_user: Workspace, tmp_path: Path) -> None:
    """One bad trace harms no other."""
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 1, info=info_of(state="NO SUCH STATE"))
        put(delivery, 5)
        wait_for(delivery, lambda counts: (counts.delivered, counts.quarantined) == (5, 1))
    assert len(as_user.traces.infos) == 5


def refuse(workspace: Workspace) -> None:
    """As a firewall does."""
    workspace.storage_server.refuse()


def forbid(workspace: Workspace) -> None:
    """As a network policy of the storage account does."""
    workspace.storage_server.faults.add(".*", Fault(403, "AuthorizationFailure", "not from this network"))


def allow(workspace: Workspace) -> None:
    """Let everybody in again."""
    workspace.storage_server.faults.clear()
    workspace.storage_server.refuse()
    workspace.storage_server.listen()


@pytest.mark.parametrize("close", [refuse, forbid])
def test_spans_wait_while_storage_takes_none(
    close: Callable[[Workspace], None], as_user: Workspace, tmp_path: Path
) -> None:
    """The state is degraded and says which host to allow; all is delivered when it is allowed."""
    close(as_user)
    with delivering(settings_in(tmp_path)) as delivery:
        ids = put(delivery, 5)
        wait_for(delivery, lambda counts: counts.pending == 5 and delivery.status().state == "degraded")
        status = delivery.status()
        assert as_user.storage.url.removeprefix("http://") in status.fix
        assert as_user.storage.url in status.reason
        assert "unity_catalog" in status.fix
        allow(as_user)
        wait_for(delivery, lambda counts: counts.delivered == 5)
        assert delivery.status().state == "ok"
    assert all(len(as_user.traces.spans(trace_id)) == 6 for trace_id in ids)


def test_no_info_is_sent_twice_while_storage_takes_no_spans(as_user: Workspace, tmp_path: Path) -> None:
    """What was taken before the failure is not sent again with the spans."""
    refuse(as_user)
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 3)
        wait_for(delivery, lambda counts: delivery.status().state == "degraded")
        allow(as_user)
        wait_for(delivery, lambda counts: counts.delivered == 3)
    assert as_user.api.count("POST", "/api/3.0/mlflow/traces") == 3


def test_signed_urls_are_in_no_log_and_no_status(
    as_user: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the level of logging: who reads a log may not write to the bucket."""
    caplog.set_level("DEBUG")
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 1)
        refuse(as_user)
        put(delivery, 1)
        wait_for(delivery, lambda counts: delivery.status().state == "degraded")
        status = json.dumps(delivery.status().to_dict())
    assert as_user.storage.signature not in caplog.text
    assert as_user.storage.signature not in status


def test_the_workspace_is_left_alone_for_as_long_as_it_asks(as_user: Workspace, tmp_path: Path) -> None:
    """After 429 no trace is created until Retry-After is over, and then all are delivered."""
    as_user.api.faults.add(
        "/api/3.0/mlflow/traces$", Fault(429, "REQUEST_LIMIT_EXCEEDED", "slow", headers={"Retry-After": "1"}), times=2
    )
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 30)
        wait_for(delivery, lambda counts: counts.delivered == 30)
    assert len(as_user.traces.infos) == 30


def test_a_full_experiment_says_so(as_user: Workspace, tmp_path: Path) -> None:
    """At the limit of traces nothing is dropped, and what to do is said."""
    as_user.traces.limit = 2
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 3)
        wait_for(delivery, lambda counts: delivery.status().state == "failed")
        assert "takes no more traces" in delivery.status().reason
        assert "unity_catalog" in delivery.status().fix
        as_user.traces.limit = 100
        wait_for(delivery, lambda counts: counts.delivered == 3)


def test_the_backend_alone_means_databricks(as_user: Workspace, tmp_path: Path) -> None:
    """`tracing.backend: databricks` needs no tracking URI."""
    settings = settings_in(tmp_path, tracing={"backend": "databricks"}).model_copy(update={"tracking_uri": None})
    with delivering(settings) as delivery:
        put(delivery, 1)
        assert delivery.flush(30)
    assert len(as_user.traces.infos) == 1


def test_lists_of_traces_are_told_what_they_show(as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """The workspace does not look into spans: previews and token usage are sent, and outlive what is said later."""
    messages = json.dumps({"messages": [{"role": "user", "content": "how many slides?"}]})
    asked = {"mlflow.spanInputs": messages, "mlflow.spanOutputs": json.dumps("three")}
    details = {"request_preview": None, "response_preview": None, "tokens": {"input_tokens": 7, "total_tokens": 7}}
    whole = trace(info=info_of(**details), attributes=asked)
    more = info_of(**details, tags={"rated": "well"})
    with delivering(settings_in(tmp_path)) as delivery:
        delivery.put(Finished(whole))
        assert delivery.flush(30)
        delivery.put(Finished(TraceRecord(whole.trace_id, b"", more, None, counted=False)))
        assert delivery.flush(30)
    arrived = read_back(client)[whole.trace_id].info
    assert (arrived.request_preview, arrived.response_preview) == ("how many slides?", '"three"')
    assert arrived.token_usage == {"input_tokens": 7, "total_tokens": 7}
    assert (arrived.tags["rated"], arrived.trace_metadata["mlflow.traceOutputs"]) == ("well", '"three"')


def test_long_metadata_is_cut_as_mlflows_client_cuts_it(
    as_user: Workspace, client: MlflowClient, tmp_path: Path
) -> None:
    """A workspace has less room than MLflow's own server."""
    with delivering(settings_in(tmp_path)) as delivery:
        [trace_id] = put(delivery, 1, info=info_of(trace_metadata={"long": "x" * 1000}))
        assert delivery.flush(30)
    assert read_back(client)[trace_id].info.trace_metadata["long"] == "x" * 250


@pytest.mark.parametrize("kind", ["AWS_PRESIGNED_URL", "GCP_SIGNED_URL", "AZURE_SAS_URI", "AZURE_ADLS_GEN2_SAS_URI"])
def test_every_cloud_takes_the_spans(kind: str, as_user: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    """Each has its own way of taking a file."""
    as_user.storage.kind = kind
    with delivering(settings_in(tmp_path)) as delivery:
        [trace_id] = put(delivery, 1)
        assert delivery.flush(30)
    assert len(read_back(client)[trace_id].data.spans) == 6
