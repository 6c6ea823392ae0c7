"""Whether a trace arrives: one is written, read back with its spans, and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_mlflow.diagnosis.finding import Finding, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup
from otel_mlflow.diagnosis.trial import TREE, trial_trace

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Trace


def look(setup: Setup) -> Finding:
    """Write it as delivery does, and read it as MLflow's own client does, which is how people come by it."""
    trial = trial_trace()
    experiment = setup.connected.experiment
    setup.destination.send([trial])
    if experiment is None:
        return ok(
            f"written as trace {trial.trace_id.removeprefix('tr-')}, and taken; a collector cannot be asked for it, so "
            "look for it where the collector sends it"
        )
    from mlflow import MlflowClient

    client = MlflowClient(setup.settings.tracking_uri)
    try:
        read = _read(client, trial.trace_id)
    finally:
        left_behind = _delete(client, experiment.id, trial.trace_id)
    if read.status == "ok" and left_behind:
        return warn(f"{read.detail}, but {left_behind}", "delete it by hand; the app itself deletes no traces")
    return read if not left_behind else Finding(read.status, f"{read.detail}; {left_behind}", read.fix)


def _read(client: MlflowClient, trace_id: str) -> Finding:
    from mlflow.exceptions import MlflowException

    try:
        trace = client.get_trace(trace_id, display=False)
    except MlflowException as error:
        return fail(
            f"trace {trace_id} was written, but cannot be read back: {error.message}",
            "check that MLflow's client (MLFLOW_TRACKING_URI, credentials) means the same place as the settings",
        )
    if (seen := _tree(trace)) != TREE:
        return fail(
            f"trace {trace_id} came back with other spans than were written: {seen}",
            "see whether something between here and MLflow changes or drops spans",
        )
    return ok(f"trace {trace_id} was written, read back with its {len(TREE)} spans, and deleted")


def _tree(trace: Trace) -> dict[str, str | None]:
    names = {span.span_id: span.name for span in trace.data.spans}
    return {span.name: names.get(span.parent_id or "") for span in trace.data.spans}


def _delete(client: MlflowClient, experiment_id: str, trace_id: str) -> str:
    """Delete it; answer what kept it from that."""
    from mlflow.exceptions import MlflowException

    try:
        client.delete_traces(experiment_id, trace_ids=[trace_id])
    except MlflowException as error:
        return f"trace {trace_id} could not be deleted: {error.message}"
    return ""
