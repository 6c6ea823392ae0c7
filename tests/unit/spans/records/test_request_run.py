"""The run of a request, as delivery is told to make it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import mlflow
import pytest
from fastapi import BackgroundTasks, HTTPException
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, MAX_PARAM_VAL_LENGTH, _validate_param_name

from otel_mlflow import current_trace
from otel_mlflow.content import REDACTED
from otel_mlflow.mlflow_names import LINKED_PROMPTS
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.records.request_run import MAX_KEY, MAX_PARAM_VALUE, name_in_run
from otel_mlflow.testing.memory_delivery import MemoryDelivery
from tests.unit.apps import app_of, raw, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument

PROMPTS = json.dumps([{"name": "greeting", "version": "1"}])
USAGE = "mlflow.chat.tokenUsage"


def infos(instrument: Instrument, handler: Callable[..., Any], request: str = "GET /", **settings: Any) -> list[Any]:
    """What is written of the trace of one request, each time that something is; runs are on."""
    app = app_of(handler, settings.pop("path", "/"))
    instrument(app, **{"runs": {"mode": "request"}, **settings})
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery):
        with suppress(ZeroDivisionError):
            Call(app, request).run()
        delivery.traces()
    return [json.loads(record.info) for records in delivery._records.values() for record in records if record.info]


def run_of(instrument: Instrument, handler: Callable[..., Any], request: str = "GET /", **settings: Any) -> Any:
    """The run of one request."""
    return infos(instrument, handler, request, **settings)[-1]["run"]


def test_without_the_setting_there_is_none(fresh_process: None, instrument: Instrument) -> None:
    """`runs.mode: off` is the default."""
    (info,) = infos(instrument, lambda: None, runs={"mode": "off"})
    assert "run" not in info


def test_a_trace_outside_requests_has_none(fresh_process: None, instrument: Instrument) -> None:
    """A run is a request's."""

    def handler(background: BackgroundTasks) -> None:
        pass

    instrument(app_of(handler), runs={"mode": "request"})
    delivery = MemoryDelivery()
    with BRIDGE.diverted_to(delivery), span("outside"):
        pass
    delivery.traces()
    ((record,),) = delivery._records.values()
    assert "run" not in json.loads(record.info)


def test_it_is_named_after_the_route(fresh_process: None, instrument: Instrument) -> None:
    """The template that is the default."""
    assert run_of(instrument, lambda: None, "GET /items/7", path="/items/{number}")["name"] == "/items/{number}"


def test_the_template_knows_session_and_trace(fresh_process: None, instrument: Instrument) -> None:
    """All of `runs.name`."""

    def handler() -> None:
        current_trace().set_session("s-1")

    run = run_of(instrument, handler, runs={"mode": "request", "name": "{session_id} at {route} ({trace_id})"})
    assert run["name"] == f"s-1 at / (tr-{run['tags']['otel.trace_id']})"


def test_a_run_without_a_route_is_named_like_its_trace(fresh_process: None, instrument: Instrument) -> None:
    """An empty name would be replaced by one that MLflow makes up."""
    assert run_of(instrument, lambda: None, "GET /nowhere")["name"] == "GET"


def broken() -> None:
    """A handler that fails."""
    raise ZeroDivisionError


def unavailable() -> None:
    """A handler that answers that it has failed."""
    raise HTTPException(503)


def missing() -> None:
    """A handler whose caller is at fault."""
    raise HTTPException(404)


@pytest.mark.parametrize(
    ("handler", "status"),
    [(lambda: None, "FINISHED"), (missing, "FINISHED"), (broken, "FAILED"), (unavailable, "FAILED")],
    ids=["ok", "404", "exception", "503"],
)
def test_its_status_is_the_request_s(
    fresh_process: None, instrument: Instrument, handler: Callable[..., Any], status: str
) -> None:
    """What failed is FAILED, and a caller's mistake is no failure."""
    assert run_of(instrument, handler)["status"] == status


def test_its_times_are_the_request_s(fresh_process: None, instrument: Instrument) -> None:
    """In milliseconds, and in seconds as a metric."""
    (info,) = infos(instrument, lambda: None)
    run = info["run"]
    assert run["start_time_ms"] == info["request_time_ms"]
    assert run["end_time_ms"] - run["start_time_ms"] == info["execution_duration_ms"]
    assert 0 < run["metrics"]["latency_seconds"] < 60


def test_params_and_metrics_are_user_code_s(fresh_process: None, instrument: Instrument) -> None:
    """From `current_trace()`, with their secrets hidden."""

    def handler() -> None:
        current_trace().log_params({"depth": 3, "api_key": "hunter2", "url": "https://me:hunter2@host/"})
        current_trace().log_metrics({"score": 0.5})

    run = run_of(instrument, handler)
    assert run["params"] == {"depth": "3", "api_key": REDACTED, "url": f"https://{REDACTED}@host/"}
    assert run["metrics"]["score"] == 0.5


def test_names_of_params_and_metrics_are_searched(fresh_process: None, instrument: Instrument) -> None:
    """A secret may be the name of one."""
    token = "dapi" + "0123456789abcdef" * 2

    def handler() -> None:
        current_trace().log_params({f"x {token}": 1})
        current_trace().log_metrics({f"y {token}": 2.0})

    assert token not in str(run_of(instrument, handler))


def test_its_tags_are_the_trace_s(fresh_process: None, instrument: Instrument) -> None:
    """But for MLflow's own, which mean something else on a run."""

    def handler() -> None:
        current_trace().set_tags({"mine": 1})

    (info,) = infos(instrument, handler, default_tags={"team": "a"})
    assert info["run"]["tags"] == {key: value for key, value in info["tags"].items() if key != "mlflow.traceName"}
    assert {"mine": "1", "team": "a", "http.route": "/"}.items() <= info["run"]["tags"].items()


def test_the_prompts_of_its_trace_are_its_own(fresh_process: None, instrument: Instrument) -> None:
    """As `mlflow.genai.load_prompt` links one to the run that is active."""

    def handler() -> None:
        mlflow.update_current_trace(tags={LINKED_PROMPTS: PROMPTS})

    assert run_of(instrument, handler)["tags"][LINKED_PROMPTS] == PROMPTS


def model(tokens: dict[str, int]) -> None:
    """A call of a model that used these tokens."""
    with span("model") as opened:
        opened.set_attribute(USAGE, tokens)


def test_the_tokens_of_all_models_are_metrics(fresh_process: None, instrument: Instrument) -> None:
    """Added up."""

    def handler() -> None:
        for _ in range(2):
            model({"input_tokens": 10, "output_tokens": 5, "total_tokens": 15})

    metrics = run_of(instrument, handler)["metrics"]
    assert (metrics["input_tokens"], metrics["output_tokens"], metrics["total_tokens"]) == (20, 10, 30)


def test_tokens_that_a_span_above_sums_up_count_once(fresh_process: None, instrument: Instrument) -> None:
    """As MLflow counts them."""

    def handler() -> None:
        with mlflow.start_span("agent") as agent:
            model({"total_tokens": 15})
            model({"total_tokens": 15})
            agent.set_attribute(USAGE, {"total_tokens": 30})

    assert run_of(instrument, handler)["metrics"]["total_tokens"] == 30


@pytest.mark.parametrize("said", ["many", "{broken", 7, {"total_tokens": "many"}, []])
def test_what_is_no_count_of_tokens_is_none(fresh_process: None, instrument: Instrument, said: Any) -> None:
    """Somebody else's attribute of the same name harms nothing."""

    def handler() -> None:
        with raw("model") as opened:
            opened.set_attribute(USAGE, json.dumps(said) if isinstance(said, dict) else said)

    assert set(run_of(instrument, handler)["metrics"]) == {"latency_seconds"}


def test_tokens_that_are_used_after_the_answer_are_told_then(fresh_process: None, instrument: Instrument) -> None:
    """A background task that calls a model, when the trace was handed over already."""

    def handler(background: BackgroundTasks) -> None:
        model({"total_tokens": 1})
        background.add_task(later)

    def later() -> None:
        assert isinstance(BRIDGE.diversion, MemoryDelivery)
        BRIDGE.diversion.traces()
        model({"total_tokens": 2})

    first, second = infos(instrument, handler)
    assert (first["run"]["metrics"]["total_tokens"], second["run"]["metrics"]["total_tokens"]) == (1, 3)


def test_tokens_count_once_whenever_the_span_that_sums_them_up_ends(
    fresh_process: None, instrument: Instrument
) -> None:
    """An agent in the background, of which MLflow has the models already."""

    def handler(background: BackgroundTasks) -> None:
        background.add_task(later)

    def later() -> None:
        assert isinstance(BRIDGE.diversion, MemoryDelivery)
        with mlflow.start_span("agent") as agent:
            model({"total_tokens": 15})
            model({"total_tokens": 15})
            BRIDGE.diversion.traces()
            model({"total_tokens": 1})
            BRIDGE.diversion.traces()
            agent.set_attribute(USAGE, {"total_tokens": 32, "input_tokens": 8})
        model({"total_tokens": 100})

    metrics = infos(instrument, handler)[-1]["run"]["metrics"]
    assert (metrics["total_tokens"], metrics["input_tokens"]) == (132, 8)


@pytest.mark.parametrize(
    "name", ["plain", "a/b", "a//b", "../up", "/root", ".", "", "50%", "q?", "é", "a:b", "x" * 300]
)
def test_names_are_such_as_mlflow_takes(name: str) -> None:
    """One that it refuses would cost the whole run."""
    _validate_param_name(name_in_run(name))  # type: ignore[no-untyped-call]


def test_a_good_name_stays() -> None:
    """Folders, spaces and all."""
    assert name_in_run("model/top k-1.0") == "model/top k-1.0"


def test_long_params_are_cut_to_what_mlflow_stores(fresh_process: None, instrument: Instrument) -> None:
    """The limits are MLflow's."""
    assert (MAX_KEY, MAX_PARAM_VALUE) == (MAX_ENTITY_KEY_LENGTH, MAX_PARAM_VAL_LENGTH)
    params = run_of(instrument, lambda: current_trace().log_params({"long": "x" * 9000}))["params"]
    assert params == {"long": "x" * 6000}
