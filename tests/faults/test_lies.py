"""Something answers in the backend's place, or the backend answers with less than it was asked for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from otel_mlflow.backends.http import LARGEST_RESPONSE
from otel_mlflow.delivery.experiment_choice import REJECTED_TAG
from tests.delivering import EXPERIMENT, Finished, delivering, put, settings_for, trace, wait_for
from tests.faults.stored import stored_in
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.scripted import OTLP, Fault, ScriptedMlflow

TRACES = 5
HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
ZIPPED = {**JSON, "Content-Encoding": "gzip"}
TEXT = {"Content-Type": "text/plain"}
LOGIN = Fault(headers=HTML, body=b"<html><title>Sign in</title><form action=/login></form></html>")

LIES = [
    pytest.param(LOGIN, "a login page", id="login page"),
    pytest.param(
        Fault(headers=JSON, body=b'{"error_code": "INTERNAL_ERROR", "message": "no disk"}'), "no disk", id="200"
    ),
    pytest.param(Fault(headers=PROTOBUF, body=b"garbage \xff"), "answered in MLflow's place", id="garbled"),
    pytest.param(Fault(headers={}, body=b""), "an empty response", id="empty"),
    pytest.param(Fault(headers=JSON, body=b"[]"), "answered in MLflow's place", id="list"),
    pytest.param(Fault(204, headers={}, body=b""), "an empty response", id="204"),
    pytest.param(Fault(202, headers=JSON, body=b"{}"), "(202, application/json)", id="202"),
    pytest.param(Fault(headers=JSON, body=b'{"authenticated": false}'), "JSON of another kind", id="login in JSON"),
    pytest.param(Fault(headers=JSON, body=b'{"detail": "no"}'), "JSON of another kind", id="error without a code"),
    pytest.param(Fault(headers=JSON, body=b"{}", missing=5), "ends 5 bytes too early", id="cut short"),
    pytest.param(
        Fault(headers=ZIPPED, body=gzip.compress(b"{}")[:-4]), "cannot be unpacked to its end", id="half a zip"
    ),
    pytest.param(Fault(headers=ZIPPED, body=b"{}"), "cannot be unpacked (", id="no zip"),
    pytest.param(Fault(headers=TEXT, body=b"200 OK"), "a response of another kind", id="text"),
    pytest.param(Fault(206, headers=JSON, body=b"{}"), "(206, application/json)", id="206"),
    pytest.param(Fault(headers=JSON, body=b"null"), "a response that is no JSON", id="null"),
    pytest.param(Fault(headers=JSON, body=b"{} {}"), "a response that is no JSON", id="two objects"),
    pytest.param(Fault(headers=HTML, body=b"<html><h1>503 Service Unavailable</h1></html>"), "HTML page", id="busy"),
    pytest.param(Fault(headers={}, body=b"<HTML><BODY>Success</BODY></HTML>"), "an HTML page", id="captive portal"),
    pytest.param(Fault(511, headers=HTML, body=b"<html>Network sign in</html>"), "a login page", id="511"),
    pytest.param(
        Fault(302, {"Location": "https://sso.example/?state=1"}), "redirects to https://sso.example", id="302"
    ),
    pytest.param(Fault(307, {"Location": "https://sso.example/"}), "redirects to", id="307"),
]


@pytest.mark.parametrize(("lie", "seen"), LIES)
def test_what_is_no_proof_is_no_delivery(tmp_path: Path, scripted: ScriptedMlflow, lie: Fault, seen: str) -> None:
    """Nothing counts as delivered, the status names what answered, and all of it arrives once the backend does."""
    scripted.fault = lie
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        ids = put(delivery, TRACES)
        until(lambda: seen in delivery.status().reason, seconds=20, waiting_for=lambda: f"{delivery.status()}")
        assert delivery.status().counts.delivered == 0
        scripted.fault = None
        wait_for(delivery, lambda counts: counts.delivered == TRACES, seconds=30)
    assert scripted.traces == set(ids)


def test_the_answer_about_another_trace_is_no_proof(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """A cache answers what it once saw: the info is sent again, and arrives."""
    another = b'{"trace": {"trace_info": {"trace_id": "tr-of-another-request"}}}'
    scripted.faults.extend([Fault(takes=True), Fault(headers=JSON, body=another)])
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        (trace_id,) = put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 1)
        assert "answered in MLflow's place" in (delivery.status().last_error or "")
    assert set(scripted.infos) == {trace_id}


def test_a_login_page_from_the_start(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """The state is failed and says so at once, and the application has not failed."""
    scripted.stands_in_front = LOGIN
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        put(delivery, TRACES)
        until(lambda: delivery.status().state == "failed", seconds=20, waiting_for=lambda: f"{delivery.status()}")
        assert "a login page of" in delivery.status().reason
        scripted.stands_in_front = None
        wait_for(delivery, lambda counts: counts.delivered == TRACES, seconds=30)


def test_partial_success_is_counted_trace_by_trace(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """Each request is answered with one rejected span: no trace of one span arrives, and none counts as delivered."""
    scripted.fault = Fault(headers=JSON, body=json.dumps({"partialSuccess": {"rejectedSpans": 1}}).encode())
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        put(delivery, 3, spans=1)
        counts = wait_for(delivery, lambda counts: counts.quarantined == 3)
        assert counts.delivered == 0
        # The forwarder says why when it has put them aside.
        until(lambda: delivery.status().state == "degraded", seconds=30, waiting_for=lambda: f"{delivery.status()}")
        assert "rejected 1 spans" in (delivery.status().last_error or "")
        assert "3 traces were refused" in delivery.status().reason


def test_retry_after_nothing_is_no_hot_loop(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """A backend that asks to be tried again at once is waited for as any that fails."""
    scripted.faults.extend([Fault(503, {"Retry-After": "0"})] * 4)
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        put(delivery, 1)
        wait_for(delivery, lambda counts: counts.delivered == 1)
    assert scripted.count(OTLP) == 5


def test_a_response_that_never_ends(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """A byte now and then holds nobody: the deadline is for all of it."""
    scripted.faults.append(Fault(headers=JSON, drips=True))
    with delivering(settings_for(tmp_path, scripted.url), read_timeout=0.5) as delivery:
        put(delivery, TRACES)
        wait_for(delivery, lambda counts: counts.delivered == TRACES)
        assert "not complete after" in (delivery.status().last_error or "")


def test_a_response_that_unpacks_to_anything(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """It is unpacked up to a bound, and is no proof."""
    bomb = gzip.compress(bytes(2 * LARGEST_RESPONSE))
    scripted.faults.append(Fault(headers={**PROTOBUF, "Content-Encoding": "gzip"}, body=bomb))
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        put(delivery, TRACES)
        wait_for(delivery, lambda counts: counts.delivered == TRACES)
        assert "is larger than 32 MB" in (delivery.status().last_error or "")


def test_a_bad_experiment_name_costs_its_own_trace_the_choice(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """No text, too long, refused by the server: the traces are in the configured experiment, the others undisturbed."""
    settings = settings_for(tmp_path, mlflow_server.url).model_copy(update={"experiment_name": "names"})
    names = [5, "/Users/" + "a" * 600, "", None, "chosen"]
    with delivering(settings) as delivery:
        records = [trace(experiment=name) for name in names]  # type: ignore[arg-type]
        for record in records:
            delivery.put(Finished(record))
        wait_for(delivery, lambda counts: counts.delivered == len(names), seconds=30)
    assert set(stored_in(mlflow_server, "names")) == {record.trace_id for record in records[:4]}
    assert set(stored_in(mlflow_server, "chosen")) == {records[4].trace_id}


def test_a_name_that_the_backend_rejects_holds_up_nobody(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """The name is refused as long as the server likes, and its trace has a tag that says so."""
    scripted.rejected_names.add("refused")
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        refused = trace(experiment="refused")
        delivery.put(Finished(refused))
        put(delivery, TRACES)
        wait_for(delivery, lambda counts: counts.delivered == TRACES + 1)
        assert delivery.status().state == "ok"
    assert "no such name" in scripted.infos[refused.trace_id]["tags"][REJECTED_TAG]
    assert EXPERIMENT not in scripted.infos[refused.trace_id]["tags"][REJECTED_TAG]
