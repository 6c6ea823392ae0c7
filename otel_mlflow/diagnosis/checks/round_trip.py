"""Whether a trace arrives: one is written, read back with its spans, and deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from otel_mlflow.diagnosis.canary import TREE, canary_trace, deleted
from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup
from otel_mlflow.errors import TracesNotFoundError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Trace

    from otel_mlflow.backends.databricks.trace_location import TraceLocation

ON_ITS_WAY = 5.0
"""Seconds that a trace may take through Collectors whose queues are empty."""

BETWEEN_LOOKS = 0.25  # seconds


def check(setup: Setup) -> CheckResult:
    """Write it as delivery does, and read it as MLflow's own client does, which is how people come by it."""
    canary = canary_trace()
    experiment = setup.connected.experiment
    try:
        setup.destination.send([canary])
    except TracesNotFoundError:
        return _through_collectors(setup, canary.trace_id)
    if experiment is None:
        return ok(
            f"written as trace {canary.trace_id.removeprefix('tr-')}, and taken; a collector cannot be asked for it, "
            "so look for it where the collector sends it"
        )
    if setup.location is not None:
        return _in_tables(setup, canary.trace_id, setup.location)
    try:
        read = _read(setup.client, canary.trace_id)
    finally:
        left_behind = deleted(setup.client, experiment.id, canary.trace_id)
    if left_behind and read.status == "ok":
        return warn(f"{read.detail}; {left_behind}", "delete it by hand; the app itself deletes no traces")
    return CheckResult(read.status, "; ".join(filter(None, (read.detail, left_behind))), read.fix)


def _through_collectors(setup: Setup, trace_id: str) -> CheckResult:
    """It is on its way, which takes a second or two where nothing waits."""
    experiment = setup.connected.experiment
    assert experiment is not None
    end = time.monotonic() + ON_ITS_WAY
    while (read := _read(setup.client, trace_id)).status == "fail" and time.monotonic() < end:
        time.sleep(BETWEEN_LOOKS)
    if read.status == "fail":
        return warn(
            f"the collector has taken trace {trace_id}, and MLflow does not have it after {ON_ITS_WAY:.0f} s",
            "see what the Collectors say of their queues and of what they drop, and where their exporter sends to",
        )
    left_behind = deleted(setup.client, experiment.id, trace_id)
    return ok("; ".join(filter(None, (read.detail, "it came through the collector", left_behind))))


def _read(client: MlflowClient, trace_id: str) -> CheckResult:
    from mlflow.exceptions import MlflowException

    try:
        trace = client.get_trace(trace_id, display=False)
    except MlflowException as error:
        return fail(
            f"trace {trace_id} was written, but cannot be read back: {error.message}",
            "check that MLflow's client (MLFLOW_TRACKING_URI, credentials) means the same place as the settings",
        )
    if (seen := _tree(trace)) != TREE:
        return _mangled(trace_id, f"{seen}")
    return ok(f"trace {trace_id} was written and read back with its {len(TREE)} spans")


def _in_tables(setup: Setup, trace_id: str, location: TraceLocation) -> CheckResult:
    """Not by MLflow's client: it may wait for a SQL warehouse longer than anybody waits for the doctor."""
    found = setup.workspace.read(trace_id, location, setup.settings.unity_catalog.sql_warehouse_id)
    if found is None:
        return warn(
            f"trace {trace_id} was taken for {location.name}, and is not to be seen there yet",
            "rows may take a while to be seen; look for it, with unity_catalog.sql_warehouse_id set",
        )
    if (names := {span["name"] for span in found.get("spans", [])}) != set(TREE):
        return _mangled(trace_id, f"{names}")
    return ok(
        f"trace {trace_id} was written and read back with its {len(TREE)} spans; it stays in {location.spans_table}, "
        "where only SQL deletes"
    )


def _mangled(trace_id: str, seen: str) -> CheckResult:
    return fail(
        f"trace {trace_id} came back with other spans than were written: {seen}",
        "see whether something between here and MLflow changes or drops spans",
    )


def _tree(trace: Trace) -> dict[str, str | None]:
    names = {span.span_id: span.name for span in trace.data.spans}
    return {span.name: names.get(span.parent_id or "") for span in trace.data.spans}
