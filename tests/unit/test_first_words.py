"""The line at start-up, for each thing that may be wrong: what was seen, where, as whom, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from otel_mlflow import Settings
from otel_mlflow.delivery import Delivery, DeliveryState
from otel_mlflow.startup import describe
from tests.ports import find_free_port
from tests.servers.process import until
from tests.servers.scripted import ScriptedMlflow

pytestmark = pytest.mark.usefixtures("fresh_process")


def first_words(**settings: Any) -> str:
    """What is said when delivery starts, before any trace."""
    told: list[DeliveryState] = []
    delivery = Delivery(Settings(**{"experiment_name": "shop", **settings}), on_change=told.append)
    delivery.start()
    try:
        until(lambda: told, seconds=60, waiting_for=lambda: f"a word; {delivery.status()}")
    finally:
        delivery.shutdown(timeout=0)
    return describe(told[0])


def test_all_is_well(scripted: ScriptedMlflow) -> None:
    """Into which experiment, where, as whom."""
    said = first_words(tracking_uri=scripted.url)
    assert said.startswith(f"traces go to experiment 'shop' (id 7) at {scripted.url} as anonymous")
    assert "credentials" not in said, "there are none to speak of"


def test_nothing_listens() -> None:
    """The address is named."""
    port = find_free_port()
    said = first_words(tracking_uri=f"http://127.0.0.1:{port}")
    for words in ("degraded", f"127.0.0.1:{port} does not answer", "To do: check that it is running and reachable"):
        assert words in said


def test_credentials_that_are_rejected(scripted: ScriptedMlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose, and from where; not which."""
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    scripted.authorization = "Bearer other"
    said = first_words(tracking_uri=scripted.url)
    for words in ("failed", scripted.url, "401", "as ada, from environment MLFLOW_TRACKING_PASSWORD", "To do: check"):
        assert words in said
    assert "hunter2" not in said


def test_credentials_that_are_missing(scripted: ScriptedMlflow) -> None:
    """That there are none is what was wrong."""
    scripted.authorization = "Bearer other"
    said = first_words(tracking_uri=scripted.url)
    for words in ("failed", scripted.url, "401", "without credentials", "To do: "):
        assert words in said


def test_an_experiment_that_is_deleted(scripted: ScriptedMlflow) -> None:
    """It is named."""
    scripted.deleted.add("shop")
    said = first_words(tracking_uri=scripted.url)
    for words in ("failed", "experiment 'shop' (id 7) is deleted", "To do: restore it, or choose another"):
        assert words in said


def test_an_experiment_that_is_not_there(store_with_tables: str) -> None:
    """By its id none can be made."""
    said = first_words(tracking_uri=store_with_tables, experiment_name=None, experiment_id="4711")
    for words in ("failed", "there is no experiment with id 4711", "To do: correct experiment_id"):
        assert words in said


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    """The database is named."""
    (tmp_path / "file").write_text("")
    said = first_words(tracking_uri=f"sqlite:///{tmp_path}/file/mlflow.db")
    for words in ("failed", "file/mlflow.db cannot be opened", "To do: correct tracking_uri"):
        assert words in said


def test_tracing_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said by delivery; the status knows."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    delivery = Delivery(Settings())
    delivery.start()
    assert delivery.status().state == "disabled"
    assert delivery.status().fix
