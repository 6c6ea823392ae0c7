"""One active MLflow run per request, and runs where the traces are."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import mlflow.tracking._tracking_service.utils
import mlflow.tracking.fluent
import pytest

from otel_mlflow import Settings, Tracing
from otel_mlflow.spans.mlflow import runs
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument

mlflow_fluent: Any = mlflow.tracking.fluent
mlflow_service: Any = mlflow.tracking._tracking_service.utils


def test_simultaneous_requests_have_each_its_own_run(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """With plain MLflow, all handlers of an event loop share one stack, and all but one fail."""

    async def handler(name: str) -> dict[str, str]:
        with mlflow.start_run() as run:
            await asyncio.sleep(0)
            mlflow.log_param("name", name)
            active = mlflow.active_run()
            assert active is not None
            await asyncio.sleep(0)
            return {"run": run.info.run_id, "active": active.info.run_id}

    app = app_of(handler)
    instrument(app)

    async def calls() -> list[Call]:
        return await asyncio.gather(*(Call(app, f"GET /?name={number}").made() for number in range(5)))

    answers = [call.json for call in asyncio.run(calls())]
    assert len({answer["run"] for answer in answers}) == 5
    assert all(answer["run"] == answer["active"] for answer in answers)
    params = [mlflow.get_run(answer["run"]).data.params for answer in answers]
    assert params == [{"name": str(number)} for number in range(5)]


def test_a_trace_names_the_run_that_was_started_in_it(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """The first one; nested runs are part of it."""

    def handler() -> str:
        with mlflow.start_run() as run, mlflow.start_run(nested=True):
            return str(run.info.run_id)

    app = app_of(handler)
    instrument(app)
    run_id = Call(app).run().json
    assert traces[0].info.trace_metadata["mlflow.sourceRun"] == run_id


def test_a_run_left_open_by_one_request_is_not_the_next_one_s(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """It is the first one's mistake alone."""

    def handler() -> dict[str, bool]:
        before = mlflow.active_run()
        mlflow.start_run()
        return {"had one before": before is not None}

    app = app_of(handler)
    instrument(app)
    for _ in range(2):
        assert Call(app).run().json == {"had one before": False}
    assert mlflow.active_run() is None


def test_a_thread_of_the_request_works_in_the_request_s_run(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """MLflow's stack is the thread's; ours goes where the context goes."""

    async def handler() -> dict[str, str | None]:
        with mlflow.start_run() as run:
            active = await asyncio.to_thread(mlflow.active_run)
            return {"run": run.info.run_id, "in thread": active and active.info.run_id}

    app = app_of(handler)
    instrument(app)
    answer = Call(app).run().json
    assert answer["in thread"] == answer["run"]


def test_a_prompt_is_linked_to_the_run_of_the_request_that_loads_it(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """MLflow takes the latest run of all threads; another request's has nothing to do with it."""
    names = [f"of-request-{number}" for number in range(3)]
    for name in names:
        mlflow.genai.register_prompt(name=name, template="Hello")

    async def handler(name: str) -> str:
        with mlflow.start_run() as run:
            await asyncio.sleep(0)
            mlflow.genai.load_prompt(name, version=1)
            return str(run.info.run_id)

    app = app_of(handler)
    instrument(app)

    async def calls() -> list[Call]:
        return await asyncio.gather(*(Call(app, f"GET /?name={name}").made() for name in names))

    ids = [call.json for call in asyncio.run(calls())]
    linked = [json.loads(mlflow.get_run(run_id).data.tags["mlflow.linkedPrompts"]) for run_id in ids]
    assert linked == [[{"name": name, "version": "1"}] for name in names]


def test_a_request_without_a_run_sees_those_outside_as_with_mlflow(
    traces: CapturedTraces, instrument: Instrument, tracking_store: str
) -> None:
    """A prompt that it loads is linked to the run which the application has open."""
    mlflow.genai.register_prompt(name="of-no-run", template="Hello")
    app = app_of(lambda: mlflow.genai.load_prompt("of-no-run", version=1).template)
    instrument(app)
    with mlflow.start_run() as run:
        Call(app).run()
    assert "of-no-run" in mlflow.get_run(run.info.run_id).data.tags["mlflow.linkedPrompts"]


def test_outside_requests_runs_are_mlflow_s_own(traces: CapturedTraces, tracking_store: str) -> None:
    """Each thread has its stack."""
    seen: list[object] = []
    with mlflow.start_run() as run:
        other = threading.Thread(target=lambda: seen.append(mlflow.active_run()))
        other.start()
        other.join()
        active = mlflow.active_run()
        assert active is not None
        assert active.info.run_id == run.info.run_id
    assert seen == [None]


def test_runs_go_where_the_traces_go(fresh_process: None, store_with_tables: str) -> None:
    """Where user code has named no tracking URI."""
    tracing = Tracing(_settings(store_with_tables))
    assert mlflow.get_tracking_uri() == store_with_tables
    tracing.shutdown()


def test_a_tracking_uri_of_user_code_is_left_alone(fresh_process: None, store_with_tables: str) -> None:
    """Set before, or after."""
    mlflow_service._tracking_uri = "http://127.0.0.1:1"
    tracing = Tracing(_settings(store_with_tables))
    assert mlflow.get_tracking_uri() == "http://127.0.0.1:1"
    tracing.shutdown()


def test_a_password_in_the_tracking_uri_stays_out_of_the_environment(fresh_process: None) -> None:
    """MLflow's own setter writes the URI there, where every child process can read it."""
    tracing = Tracing(_settings("http://user:secret@127.0.0.1:1"))
    assert "secret" not in str(dict(os.environ))
    tracing.shutdown()


def test_runs_go_into_the_traces_experiment(traces: CapturedTraces, tracking_store: str) -> None:
    """As soon as delivery knows its id."""
    experiment_id = mlflow.MlflowClient().create_experiment("of the traces")
    runs.use_experiment(experiment_id)
    with mlflow.start_run() as run:
        assert run.info.experiment_id == experiment_id


def test_an_experiment_that_somebody_else_makes_meanwhile_is_that_of_the_runs(
    traces: CapturedTraces, tracking_store: str
) -> None:
    """The delivery, say, or another worker; MLflow would take its default experiment."""
    runs.use_tracking_uri(tracking_store)
    runs.use_experiment_named("made by several")
    together = threading.Barrier(4)

    def start() -> str:
        together.wait()
        with mlflow.start_run() as run:
            return str(run.info.experiment_id)

    with ThreadPoolExecutor(4) as threads:
        found = {each.result() for each in [threads.submit(start) for _ in range(4)]}
    assert [mlflow.get_experiment(experiment_id).name for experiment_id in found] == ["made by several"]


def test_a_store_s_short_address_is_that_of_the_traces(
    fresh_process: None, store_with_tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow knows the store by the path that its environment says, traces by the whole one."""
    folder = Path(store_with_tables.removeprefix("sqlite:///")).parent
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    tracing = Tracing(Settings(experiment_name="short"))
    with mlflow.start_run() as run:
        assert mlflow.get_experiment(run.info.experiment_id).name == "short"
    tracing.shutdown()


def test_an_experiment_that_user_code_has_set_is_left_alone(traces: CapturedTraces, tracking_store: str) -> None:
    """Their word counts."""
    chosen = mlflow.set_experiment("of user code")
    runs.use_experiment("0")
    with mlflow.start_run() as run:
        assert run.info.experiment_id == chosen.experiment_id


def test_mlflow_has_its_own_stack_again_when_tracing_is_taken_down(fresh_process: None) -> None:
    """And once only: installing twice puts one in front."""
    before = mlflow_fluent._active_run_stack
    runs.install()
    runs.install()
    assert mlflow_fluent._active_run_stack is not before
    runs.uninstall()
    assert mlflow_fluent._active_run_stack is before


# What we lean on in MLflow that it does not promise: each test says what stops working without it.


def test_private_the_stack_of_runs_is_looked_up_in_the_module() -> None:
    """`fluent._active_run_stack`, at each call of each function that works with the active run."""
    for function in (mlflow.start_run, mlflow.end_run, mlflow.active_run):
        assert "_active_run_stack.get()" in inspect.getsource(function)


@pytest.mark.parametrize("name", ["get", "set", "reset", "get_all_thread_values"])
def test_private_the_stack_of_runs_has_the_methods_that_ours_stands_in_for(name: str) -> None:
    """A `ThreadLocalVariable`; a method more would be missing in ours."""
    stack = mlflow_fluent._active_run_stack
    assert callable(getattr(stack, name))
    assert {method for method in vars(type(stack)) if not method.startswith("_")} <= set(dir(runs._RunStack))


def test_private_a_run_is_pushed_by_append(traces: CapturedTraces, tracking_store: str) -> None:
    """`ActiveRuns.append` is how we learn of the run."""
    assert "active_run_stack.append(" in inspect.getsource(mlflow.start_run)


def test_private_the_tracking_uri_is_a_module_variable(fresh_process: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """`_tracking_uri`, which `is_tracking_uri_set` looks at beside the environment."""
    assert not mlflow_service.is_tracking_uri_set()
    monkeypatch.setattr(mlflow_service, "_tracking_uri", "http://127.0.0.1:1")
    assert mlflow_service.is_tracking_uri_set()
    assert mlflow.get_tracking_uri() == "http://127.0.0.1:1"


def test_private_the_active_experiment_is_a_module_variable(
    fresh_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`_active_experiment_id`, which `start_run` uses where no experiment is named."""
    monkeypatch.setattr(mlflow_fluent, "_active_experiment_id", "7")
    assert mlflow_fluent._get_experiment_id() == "7"


def _settings(tracking_uri: str) -> Settings:
    return Settings(tracking_uri=tracking_uri)
