"""Whether the spans of a classic Databricks experiment can be stored: on another host than the workspace's."""

from __future__ import annotations

from otel_mlflow.diagnosis.canary import canary_trace, deleted
from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup
from otel_mlflow.errors import DeliveryError, StorageUnreachableError


def check(setup: Setup) -> CheckResult:
    """Store those of a canary trace as delivery does. Raises `StorageUnreachableError`, which names the host."""
    if setup.location is not None:
        return ok(f"none is needed: spans are kept in the table {setup.location.spans_table}")
    experiment = setup.connected.experiment
    assert experiment is not None, "a workspace has experiments"
    canary = canary_trace()
    try:
        setup.destination.send([canary])
    except StorageUnreachableError:
        deleted(setup.client, experiment.id, canary.trace_id)
        raise
    except DeliveryError as error:
        return warn(f"it could not be tried: {error.reason}", "see the check 'test_trace'")
    left_behind = deleted(setup.client, experiment.id, canary.trace_id)
    return ok("the spans of a canary trace were stored" + (f"; {left_behind}" if left_behind else ""))
