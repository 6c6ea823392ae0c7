"""Start-up ends with a collection; `freeze_heap` is off, and undone by the last who wanted it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

import otel_mlflow
from otel_mlflow import heap
from tests.unit.conftest import Instrument

NOBODY = "http://127.0.0.1:9"
"""Where no MLflow is; a store of its own would take a second to make."""


@pytest.fixture
def nothing_frozen() -> Iterator[None]:
    """What `tests/conftest.py` has frozen is not, until the test is over; nor does the collector go through it."""
    gc.disable()
    gc.unfreeze()
    yield
    gc.freeze()
    gc.enable()


def test_nothing_is_frozen_by_default(nothing_frozen: None, instrument: Instrument) -> None:
    """Whether objects of the application's are collected is the application's affair."""
    instrument(FastAPI(), tracking_uri=NOBODY).start()
    assert gc.get_freeze_count() == 0


def test_start_up_ends_with_one_collection_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the first requests do not pay for what was imported; none where the application wants none."""
    monkeypatch.setattr(heap, "_settled", [])
    full = gc.get_stats()[2]["collections"]
    gc.disable()
    heap.settle()
    assert gc.get_stats()[2]["collections"] == full
    gc.enable()
    heap.settle()
    heap.settle()
    assert gc.get_stats()[2]["collections"] == full + 1


def test_where_it_is_asked_for_shutdown_undoes_it(nothing_frozen: None, instrument: Instrument) -> None:
    """Whatever the interpreter itself has frozen."""
    app = FastAPI()
    instrument(app, freeze_heap=True, tracking_uri=NOBODY).start()
    assert gc.get_freeze_count() > 1000
    otel_mlflow.uninstrument(app)
    assert gc.get_freeze_count() == 0
