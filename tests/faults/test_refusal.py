"""A trace that the backend refuses for what it contains: alone in quarantine, with the backend's own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from otel_mlflow.commands.cli import main
from otel_mlflow.delivery.records import TraceRecord
from tests.delivering import EXPERIMENT, Finished, delivering, info_of, put, settings_for, spans_of, trace, wait_for
from tests.faults.stored import stored_in
from tests.servers.mlflow_server import MlflowServer
from tests.servers.scripted import REFUSED, ScriptedMlflow


def test_one_refused_trace_in_a_batch_of_100(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """A real server refuses a span without an id, and so the whole request; the other 99 traces arrive."""
    settings = settings_for(tmp_path, mlflow_server.url).model_copy(update={"experiment_name": "refusal"})
    refused = TraceRecord("tr-" + "f" * 32, spans_of(b""), info_of(), None, counted=True)
    with delivering(settings) as delivery:
        ids = put(delivery, 60, info=b"")
        delivery.put(Finished(refused))
        ids += put(delivery, 39, info=b"")
        counts = wait_for(delivery, lambda counts: counts.delivered + counts.quarantined == 100)
        assert (counts.delivered, counts.quarantined) == (99, 1)
        assert not delivery.flush(timeout=0.5), "not everything has arrived"
    assert set(stored_in(mlflow_server, "refusal")) - {refused.trace_id} == set(ids)
    listed = command(tmp_path, "spool", "list", "--json", "--quarantined")
    (record,) = listed["records"]
    assert record["trace_id"] == refused.trace_id
    assert "Cannot convert OpenTelemetry span" in record["reason"]


def test_retry_sends_it_again(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """What a person has asked to be tried again is sent again: refused again, or taken now."""
    settings = settings_for(tmp_path, scripted.url)
    with delivering(settings) as delivery:
        bad = trace(name=REFUSED)
        delivery.put(Finished(bad))
        put(delivery, 4)
        wait_for(delivery, lambda counts: (counts.delivered, counts.quarantined) == (4, 1))

    assert command(tmp_path, "spool", "retry", "--json", fails=True)["counts"]["quarantined"] == 1
    scripted.refuses = False
    response = command(tmp_path, "spool", "retry", "--json")
    assert (response["requeued"], response["counts"]["delivered"], response["counts"]["quarantined"]) == (1, 5, 0)
    assert bad.trace_id in scripted.traces


def command(folder: Path, *arguments: str, fails: bool = False) -> dict[str, Any]:
    """Run `otel-mlflow` on this test's spool; answer its JSON."""
    environment = {"OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(folder), "OTEL_MLFLOW_EXPERIMENT_NAME": EXPERIMENT}
    result = CliRunner().invoke(main, arguments, env=environment)
    assert result.exit_code == int(fails), result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found
