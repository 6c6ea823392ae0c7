"""Credentials are revoked, and replaced: traces wait, it is said once, and they are delivered without a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_mlflow.delivery import DeliveryState
from tests.delivering import delivering, put, settings_for, wait_for
from tests.servers.process import until
from tests.servers.scripted import ScriptedMlflow

OLD, NEW = "old-secret", "new-secret"


def test_credentials_revoked_then_replaced(
    tmp_path: Path, scripted: ScriptedMlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One word when they are rejected, one when all is well again; nothing lost, no restart, no secret shown."""
    told: list[DeliveryState] = []
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", OLD)
    scripted.authorization = f"Bearer {OLD}"
    with delivering(settings_for(tmp_path, scripted.url), on_change=told.append) as delivery:
        ids = put(delivery, 3)
        wait_for(delivery, lambda counts: counts.delivered == 3)

        scripted.authorization = f"Bearer {NEW}"
        ids += put(delivery, 3)
        until(lambda: delivery.status().state == "failed", seconds=30, waiting_for=lambda: f"{delivery.status()}")
        failed = delivery.status()
        ids += put(delivery, 3)
        until(
            lambda: scripted.count("/api/2.0/mlflow/experiments/get-by-name") > 4,
            seconds=20,
            waiting_for=lambda: "more tries",
        )

        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", NEW)
        wait_for(delivery, lambda counts: counts.delivered == 9)
        until(lambda: told[-1].state == "ok", seconds=30, waiting_for=lambda: f"a word of it, not {told}")

    assert scripted.traces == set(ids)
    assert [state.state for state in told] == ["ok", "failed", "ok"]
    assert "401" in failed.reason
    assert "credentials" in failed.fix
    assert scripted.url in told[1].message
    assert "waiting" in told[1].message
    assert failed.reason in told[2].message
    assert told[2].message.startswith(f"traces are delivered to {scripted.url}; ")
    for shown in (str(failed), str(told)):
        assert OLD not in shown
        assert NEW not in shown


def test_an_experiment_that_is_deleted_and_restored(tmp_path: Path, scripted: ScriptedMlflow) -> None:
    """Traces wait while their experiment is deleted, the reason names it, and they arrive when it is back."""
    scripted.deleted.add("delivered")
    with delivering(settings_for(tmp_path, scripted.url)) as delivery:
        ids = put(delivery, 3)
        until(lambda: delivery.status().state == "failed", seconds=30, waiting_for=lambda: f"{delivery.status()}")
        assert "'delivered'" in delivery.status().reason
        assert "deleted" in delivery.status().reason
        assert scripted.traces == set()
        scripted.deleted.clear()
        wait_for(delivery, lambda counts: counts.delivered == 3)
    assert scripted.traces == set(ids)
