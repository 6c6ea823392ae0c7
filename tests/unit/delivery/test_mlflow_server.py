"""An MLflow server by its version: what it is told over OTLP, and what takes a request of its own."""

from __future__ import annotations

import dataclasses
import json

import pytest

from otel_mlflow.delivery.destinations.mlflow_server import MlflowServer
from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.errors import CredentialsRejectedError, PartiallyRejectedError
from tests.delivering import info_of, trace
from tests.servers.scripted import INFOS, OTLP, Fault, ScriptedMlflow


def opened(scripted: ScriptedMlflow, version: str) -> MlflowServer:
    """Delivery's view of a server of that version."""
    scripted.version = version
    server = MlflowServer(scripted.url, experiment_name="x", experiment_id=None, timeouts=(2.0, 2.0))
    server.open()
    return server


def spooled(**info: object) -> SpooledTrace:
    """A trace with inputs and outputs whose info says the rest."""
    attributes = {"mlflow.spanInputs": json.dumps({"q": "why?"}), "mlflow.spanOutputs": json.dumps({"a": "so"})}
    record = trace(attributes=attributes, info=info_of(request_preview=None, response_preview=None, **info))
    return SpooledTrace(1, record.trace_id, record.spans, record.info, None)


@pytest.mark.parametrize(("version", "needs"), [("3.6.0", True), ("3.13.1", True), ("?", True), ("3.14.0", False)])
def test_an_older_server_gets_each_trace_s_info(scripted: ScriptedMlflow, version: str, needs: bool) -> None:
    """It makes no tags of attributes; what does not say its version is taken for one."""
    server = opened(scripted, version)
    assert server.needs_info(spooled(needs_request=False)) is needs
    assert server.accepts_metadata_later is not needs
    assert server.needs_info(spooled(needs_request=True))
    server.close()


def test_what_an_older_spool_holds_is_sent_whole(scripted: ScriptedMlflow) -> None:
    """Its records do not say whether their spans carry all of them."""
    server = opened(scripted, "3.17.2")
    assert server.needs_info(spooled())
    assert server.needs_info(spooled(needs_request=False, run={"name": "run"}))
    server.close()


def test_an_older_server_gets_previews(scripted: ScriptedMlflow) -> None:
    """A newer one works them out itself."""
    for version, previews in (("3.6.0", ('{"q": "why?"}', '{"a": "so"}')), ("3.17.2", (None, None))):
        server, sent = opened(scripted, version), spooled()
        server.send([sent])
        info = scripted.infos[sent.trace_id]
        assert (info.get("request_preview"), info.get("response_preview")) == previews
        server.close()


@pytest.mark.parametrize("spans", [True, False])
def test_rejected_credentials_are_told_at_once(scripted: ScriptedMlflow, spans: bool) -> None:
    """The experiment is not asked for: that may fail in another way, and hide what is the matter."""
    server, sent = opened(scripted, "3.17.2"), spooled(needs_request=True)
    scripted.authorization = "Bearer another"
    asked = len(scripted.requests)
    with pytest.raises(CredentialsRejectedError):
        server.send([sent if spans else dataclasses.replace(sent, spans=b"")])
    assert scripted.requests[asked:] == [("POST", OTLP if spans else INFOS)]
    server.close()


def test_spans_that_are_all_rejected_are_so_record_by_record(scripted: ScriptedMlflow) -> None:
    """Nothing else is sent of them."""
    server = opened(scripted, "3.17.2")
    body = json.dumps({"partialSuccess": {"rejectedSpans": 6}}).encode()
    scripted.faults.append(Fault(headers={"Content-Type": "application/json"}, body=body))
    with pytest.raises(PartiallyRejectedError):
        server.send([spooled()])
    assert scripted.count(INFOS) == 0
    server.close()
