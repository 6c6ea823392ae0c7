"""Feedback takes the way that traces take: it waits for its trace, survives a kill, and is there once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Feedback

from otel_mlflow import log_feedback
from tests.delivering import Finished, delivering, settings_for, trace, wait_for
from tests.servers.cutting_proxy import CuttingProxy
from tests.servers.mlflow_server import MlflowServer

SPOOLS_AND_DIES = """
import os, signal, sys
from pathlib import Path
from otel_mlflow import log_feedback
from otel_mlflow.delivery import Delivery
from tests.delivering import Finished, settings_for, trace
folder, uri, experiment = sys.argv[1:]
delivery = Delivery(settings_for(Path(folder), uri).model_copy(update={"experiment_name": experiment}))
record = trace()
delivery.put(Finished(record))
log_feedback(record.trace_id, "helpful", False, rationale="too long", user="ada")
delivery.write_down()
print(record.trace_id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def feedback_on(server: MlflowServer, trace_id: str) -> list[Feedback]:
    """What MLflow holds about a trace."""
    assessments = MlflowClient(server.url).get_trace(trace_id).info.assessments
    return [each for each in assessments if isinstance(each, Feedback)]


@pytest.mark.parametrize("cuts", [0, 2])
def test_feedback_right_after_the_answer(tmp_path: Path, mlflow_server: MlflowServer, cuts: int) -> None:
    """It is given before its trace has arrived, and the line is cut after MLflow has taken it: it is there once."""
    with CuttingProxy(mlflow_server.url, cuts=cuts, after="/assessments") as proxy:
        settings = settings_for(tmp_path, proxy.url).model_copy(update={"experiment_name": "feedback"})
        with delivering(settings) as delivery:
            record = trace()
            delivery.put(Finished(record))
            assert log_feedback(record.trace_id, "stars", 4, user="ada", metadata={"page": "7"})
            counts = wait_for(delivery, lambda counts: counts.delivered == 1)
            assert delivery.flush(timeout=30)
            assert counts.requests == 1, "feedback is no request"
        assert proxy.cut == cuts
    (feedback,) = feedback_on(mlflow_server, record.trace_id)
    assert (feedback.name, feedback.value, feedback.source.source_id) == ("stars", 4, "ada")
    assert (feedback.metadata or {})["page"] == "7"


def test_feedback_in_the_spool_of_a_killed_process(tmp_path: Path, mlflow_server: MlflowServer) -> None:
    """The next start delivers the trace and then what was thought of it."""
    name = "feedback of the dead"
    command = [sys.executable, "-c", SPOOLS_AND_DIES, str(tmp_path), mlflow_server.url, name]
    died = subprocess.run(command, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    trace_id = died.stdout.strip()

    with delivering(settings_for(tmp_path, mlflow_server.url).model_copy(update={"experiment_name": name})) as after:
        wait_for(after, lambda counts: counts.delivered == 1)
        assert after.flush(timeout=30)
    (feedback,) = feedback_on(mlflow_server, trace_id)
    assert (feedback.name, feedback.value, feedback.rationale) == ("helpful", False, "too long")
