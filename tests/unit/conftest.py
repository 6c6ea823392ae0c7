"""What the unit tests share: a strict guard, a process in which nothing is set, tracing that is taken down again."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import mlflow.tracing.provider
import mlflow.tracking._tracking_service.utils
import mlflow.tracking.fluent
import pytest
from mlflow import MlflowClient
from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS
from opentelemetry import propagate
from opentelemetry import trace as trace_api
from opentelemetry.context import attach, get_current
from opentelemetry.util._once import Once
from sqlalchemy.orm import configure_mappers
from starlette.applications import Starlette

import otel_mlflow
from otel_mlflow import Settings, Tracing, logs
from otel_mlflow.guard import GUARD
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.registry import OPEN_TRACES
from otel_mlflow.testing import CapturedTraces, capture

with warnings.catch_warnings():
    # MLflow's modules warn about their own type hints and tables as they are imported, which is nobody's error here.
    warnings.simplefilter("ignore")
    import mlflow.langchain.langchain_tracer
    import mlflow.store.tracking.sqlalchemy_store

    configure_mappers()

mlflow_service: Any = mlflow.tracking._tracking_service.utils
mlflow_fluent: Any = mlflow.tracking.fluent
mlflow_provider: Any = mlflow.tracing.provider

QUIETENED = [logging.getLogger(name) for name in ("opentelemetry.context", "opentelemetry.sdk.trace")]
"""Loggers that MLflow's own provider, once it is made, puts filters on."""


class Instrument(Protocol):
    """Instruments an application for one test; keywords are settings, but for `options`, which are `instrument()`'s."""

    def __call__(self, app: Starlette, *, options: dict[str, Any] | None = None, **settings: Any) -> Tracing:
        """Instrument `app`."""


@pytest.fixture(autouse=True)
def strict_guard() -> Iterator[None]:
    """Let what goes wrong on our side of a request fail the test that it happens in."""
    GUARD.strict = True
    yield
    GUARD.strict = False


@pytest.fixture
def fresh_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """OpenTelemetry and MLflow as in a new process, in an empty folder, with nothing set."""
    environ, textmap, context = dict(os.environ), propagate.get_global_textmap(), get_current()
    for name in environ:
        if name.startswith(("OTEL_", "MLFLOW_")):
            del os.environ[name]
    monkeypatch.setenv("OTEL_MLFLOW_DELIVERY__SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trace_api, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace_api, "_TRACER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(mlflow_service, "_tracking_uri", None)
    monkeypatch.setattr(mlflow_fluent, "_active_experiment_id", None)
    for owner in list(logs._MAKER._owners):
        logs.uninstall(owner)
    for logger in QUIETENED:
        monkeypatch.setattr(logger, "filters", [])
    yield
    left_behind = [value for value in get_current().values() if value is not trace_api.INVALID_SPAN]
    attach(context)
    not_taken_down = list(BRIDGE._owners)
    for owner in not_taken_down:
        BRIDGE.uninstall(owner)
    OPEN_TRACES.clear()
    propagate.set_global_textmap(textmap)
    mlflow_provider._MLFLOW_TRACE_USER_DESTINATION.reset()
    AUTOLOGGING_INTEGRATIONS.get("langchain", {}).clear()
    os.environ.clear()
    os.environ.update(environ)
    assert mlflow_provider.provider._isolated_tracer_provider is None, "no span goes MLflow's own way, to a real store"
    assert left_behind == [], "nothing stays current when a test is over"
    assert not_taken_down == [], "a test takes down the tracing that it has set up"


@pytest.fixture
def traces(fresh_process: None) -> Iterator[CapturedTraces]:
    """The traces that the test produces, in memory."""
    with capture() as captured:
        yield captured


@pytest.fixture
def tracing(traces: CapturedTraces) -> Iterator[Tracing]:
    """What the middleware works with, the settings all at their defaults."""
    tracing = Tracing(Settings())
    yield tracing
    tracing.shutdown()


@pytest.fixture
def instrument(fresh_process: None) -> Iterator[Instrument]:
    """Instrument applications, until the test is over."""
    instrumented: list[Starlette] = []

    def for_this_test(app: Starlette, *, options: dict[str, Any] | None = None, **settings: Any) -> Tracing:
        instrumented.append(app)
        return otel_mlflow.instrument(app, Settings(**settings), **(options or {}))

    yield for_this_test
    for app in instrumented:
        otel_mlflow.uninstrument(app)


@pytest.fixture(scope="session")
def store_with_tables(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a tracking store of MLflow's that has its tables; making them takes seconds."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('tracking-store') / 'mlflow.db'}"
    MlflowClient(uri).search_experiments()
    return uri


@pytest.fixture
def tracking_store(fresh_process: None, store_with_tables: str) -> str:
    """The address of a tracking store, which user code has set for this process."""
    mlflow_service._tracking_uri = store_with_tables
    return store_with_tables
