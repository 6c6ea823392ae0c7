"""`current_trace()`: the request's trace from anywhere inside it, and nothing at all from anywhere else."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from unittest.mock import MagicMock

import mlflow
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import BaseModel

import otel_mlflow
from otel_mlflow import RequestTrace, Settings, Tracing, current_trace
from otel_mlflow.delivery import Delivery
from otel_mlflow.status import Experiment
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of, span
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument
from tests.unit.trees import spans_of


def test_outside_a_request_it_is_an_object_whose_methods_do_nothing() -> None:
    """User code never needs an `if`."""
    trace = current_trace()
    trace.set_session("s")
    trace.set_user("u")
    trace.set_tags({"a": 1})
    trace.set_inputs({"a": 1})
    trace.set_outputs({"a": 1})
    trace.log_params({"a": 1})
    trace.log_metrics({"a": 1})
    assert (trace.id, trace.url, trace.carrier()) == ("", "", {})
    assert repr(trace) == "RequestTrace('')"


def test_it_is_the_trace_that_the_caller_is_told_of(traces: CapturedTraces, instrument: Instrument) -> None:
    """By the id that opens it in the UI."""
    app = app_of(lambda: current_trace().id)
    instrument(app)
    call = Call(app).run()
    assert call.json == call.headers["x-mlflow-trace-id"] == traces[0].info.trace_id


def from_dependency() -> str:
    """The id of the trace, as a dependency sees it."""
    return current_trace().id


def test_it_is_the_same_from_everywhere_inside(traces: CapturedTraces, instrument: Instrument) -> None:
    """Handler, dependency, thread, executor with a copied context, task, inside spans, background task."""
    seen: list[str] = []

    async def handler(background: BackgroundTasks, dependency: Annotated[str, Depends(from_dependency)]) -> None:
        seen.extend([dependency, current_trace().id, await asyncio.to_thread(from_dependency)])
        with ThreadPoolExecutor(1) as pool:
            seen.append(pool.submit(copy_context().run, from_dependency).result())
        with span("work"):
            seen.append(current_trace().id)
        seen.append(await asyncio.create_task(_from_task()))
        background.add_task(lambda: seen.append(current_trace().id))

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    assert seen == [traces[0].info.trace_id] * 7


async def _from_task() -> str:
    return current_trace().id


def test_simultaneous_requests_have_each_its_own(traces: CapturedTraces, instrument: Instrument) -> None:
    """However their steps alternate."""

    async def handler() -> list[str]:
        seen = []
        for _ in range(3):
            seen.append(current_trace().id)
            await asyncio.sleep(0)
        return seen

    app = app_of(handler)
    instrument(app)

    async def calls() -> list[Call]:
        return await asyncio.gather(*(Call(app).made() for _ in range(10)))

    made = asyncio.run(calls())
    assert all(set(call.json) == {call.headers["x-mlflow-trace-id"]} for call in made)
    assert len({call.headers["x-mlflow-trace-id"] for call in made}) == 10


@pytest.mark.parametrize(
    "settings", [{"tracing": {"enabled": False}}, {"tracing": {"excluded_urls": ["^/$"]}}], ids=["disabled", "excluded"]
)
def test_in_a_request_that_is_not_traced_it_does_nothing(
    traces: CapturedTraces, instrument: Instrument, settings: dict[str, Any]
) -> None:
    """The same object as outside."""

    def handler() -> dict[str, Any]:
        current_trace().set_tags({"a": 1})
        return {"id": current_trace().id, "carrier": current_trace().carrier()}

    app = app_of(handler)
    instrument(app, **settings)
    assert Call(app).run().json == {"id": "", "carrier": {}}


def traced(traces: CapturedTraces, instrument: Instrument, say: Callable[[RequestTrace], object]) -> Any:
    """The trace of a request whose handler says this of it."""

    def handler() -> None:
        say(current_trace())

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    return traces[0]


def test_tags_become_text_and_add_up(traces: CapturedTraces, instrument: Instrument) -> None:
    """The last word on each counts."""

    def say(trace: RequestTrace) -> None:
        trace.set_tags({"a": 1, "b": None})
        trace.set_tags({"b": True})

    assert {"a": "1", "b": "True"}.items() <= traced(traces, instrument, say).info.tags.items()


def test_the_last_word_counts_whoever_says_it(traces: CapturedTraces, instrument: Instrument) -> None:
    """MLflow's functions and ours are about the same tags, session and user."""

    def say(trace: RequestTrace) -> None:
        mlflow.update_current_trace(tags={"a": "MLflow's"}, session_id="MLflow's", user="MLflow's")
        trace.set_tags({"a": "ours", "b": "ours"})
        trace.set_session("ours")
        trace.set_user(None)
        mlflow.update_current_trace(tags={"b": "MLflow's"})

    info = traced(traces, instrument, say).info
    assert (info.tags["a"], info.tags["b"]) == ("ours", "MLflow's")
    assert info.trace_metadata["mlflow.trace.session"] == "ours"
    assert "mlflow.trace.user" not in info.trace_metadata


def test_the_last_word_on_session_and_user_counts(traces: CapturedTraces, instrument: Instrument) -> None:
    """Whatever type they have."""

    def say(trace: RequestTrace) -> None:
        for word in ("first", 7):
            trace.set_session(word)  # type: ignore[arg-type]
            trace.set_user(word)  # type: ignore[arg-type]

    metadata = traced(traces, instrument, say).info.trace_metadata
    assert (metadata["mlflow.trace.session"], metadata["mlflow.trace.user"]) == ("7", "7")


def test_inputs_and_outputs_may_be_anything(traces: CapturedTraces, instrument: Instrument) -> None:
    """What is no JSON becomes what comes nearest; it may change afterwards."""
    inputs: dict[str, Any] = {"object": {1, 2}, "list": [1]}

    def say(trace: RequestTrace) -> None:
        trace.set_inputs(inputs)
        trace.set_outputs("text")
        inputs["list"].append(2)

    root = spans_of(traced(traces, instrument, say))["GET /"]
    assert root.inputs == {"object": [1, 2], "list": [1]}
    assert root.outputs == "text"


class Place(BaseModel):
    """A model of Pydantic's."""

    name: str
    since: date


@dataclass
class Answer:
    """A dataclass, with a model in it."""

    place: Place
    score: float


CYCLE: dict[str, Any] = {}
CYCLE["self"] = CYCLE


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (Place(name="Paris", since=date(2020, 1, 2)), {"name": "Paris", "since": "2020-01-02"}),
        (
            [Answer(Place(name="Rome", since=date(2020, 1, 2)), float("nan"))],
            [{"place": {"name": "Rome", "since": "2020-01-02"}, "score": "NaN"}],
        ),
        ({(1, 2): "pair"}, {"[tuple]": "pair"}),
        (CYCLE, {"self": "[dict]"}),
        (Place, "[class Place]"),
    ],
    ids=["model", "dataclass", "strange keys", "cycle", "class"],
)
def test_inputs_are_shown_as_well_as_can_be(
    traces: CapturedTraces, instrument: Instrument, said: Any, shown: Any
) -> None:
    """Objects as objects where they can be, otherwise by the name of their type; never an error."""
    root = spans_of(traced(traces, instrument, lambda trace: trace.set_inputs(said)))["GET /"]
    assert root.inputs == shown


def test_what_is_said_after_the_answer_arrives(traces: CapturedTraces, instrument: Instrument) -> None:
    """A background task that sets a tag: the trace was handed over already."""

    def late(trace: RequestTrace) -> None:
        assert len(traces) == 1
        trace.set_tags({"late": True})

    def handler(background: BackgroundTasks) -> None:
        trace = current_trace()
        background.add_task(late, trace)

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    assert traces[0].info.tags["late"] == "True"


def test_params_and_metrics_are_kept_for_the_run(traces: CapturedTraces, instrument: Instrument) -> None:
    """Text and numbers; of a metric that is no number, a tag says what it is."""
    facts: list[Any] = []

    def say(trace: RequestTrace) -> None:
        trace.log_params({"depth": 3})
        trace.log_metrics({"score": 1})
        assert trace._trace is not None
        facts.append((trace._trace.metadata.params, trace._trace.metadata.metrics))
        trace.log_metrics({"score": "good", "other": 2})  # type: ignore[dict-item]

    tags = traced(traces, instrument, say).info.tags
    assert facts == [({"depth": "3"}, {"score": 1.0, "other": 2.0})]
    assert "score is good: could not convert" in tags["otel_mlflow.invalid"]


class Failing:
    """Something that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class FailingText(str):
    """A text all of whose methods fail."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __len__ = __getitem__ = __iter__ = __eq__ = __str__  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


class Classless:
    """Something that says of no class to be of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("no class")


class NameFails(Exception):
    """An error that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Endless(dict[str, Any]):
    """A mapping that never ends, with values that are no numbers."""

    def items(self) -> Any:
        """Go on and on."""
        return ((str(number), FailingNumber()) for number in itertools.count())


class FailingNumber:
    """What is no number, and cannot say why."""

    def __float__(self) -> float:
        raise NameFails


NOTHING: Any = None


def test_long_outputs_are_kept_as_the_settings_say(traces: CapturedTraces, instrument: Instrument) -> None:
    """`tracing.max_content_bytes` holds for what the request says itself as it does for its body."""
    app = app_of(lambda: current_trace().set_outputs("x" * 1_000_000))
    instrument(app, tracing={"max_content_bytes": 2_000_000})
    Call(app).run()
    assert traces[0].data.spans[0].outputs == "x" * 1_000_000


HUGE = "x" * 10_000_000


@pytest.mark.parametrize(
    "call",
    [
        lambda trace: trace.set_tags(NOTHING),
        lambda trace: trace.set_tags({Failing(): Failing(), "half": "\ud83d"}),
        lambda trace: trace.set_tags(MagicMock()),
        lambda trace: trace.log_params([1, 2]),
        lambda trace: trace.log_metrics({"score": NOTHING}),
        lambda trace: trace.set_session(Failing()),
        lambda trace: trace.set_user(MagicMock()),
        lambda trace: trace.set_inputs(Failing()),
        lambda trace: trace.set_inputs(MagicMock()),
        lambda trace: trace.set_outputs({"a": Failing()}),
        lambda trace: trace.set_outputs(HUGE),
        lambda trace: trace.set_tags({"huge": HUGE}),
        lambda trace: trace.set_tags({"huge": [HUGE] * 10_000}),
        lambda trace: trace.set_session(FailingText("a")),
        lambda trace: trace.set_tags({"text": FailingText("a"), "classless": Classless()}),
        lambda trace: trace.set_tags(Classless()),
        lambda trace: trace.set_inputs(FailingText("a")),
        lambda trace: trace.set_outputs([Classless()]),
        lambda trace: trace.log_metrics({"score": FailingNumber()}),
        lambda trace: trace.log_metrics(Endless()),
    ],
)
def test_nothing_that_user_code_hands_over_raises(
    traces: CapturedTraces, instrument: Instrument, call: Callable[[Any], None]
) -> None:
    """It becomes a text that says what it is, or a tag says why it is not there; the trace arrives."""
    assert traced(traces, instrument, call).info.tags["http.route"] == "/"


def test_the_address_is_empty_as_long_as_the_experiment_is_not_known(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """Nothing waits for MLflow."""
    app = app_of(lambda: current_trace().url)
    instrument(app)
    assert Call(app).run().json == ""


class KnownExperiment(Delivery):
    """A delivery that has heard from its backend."""

    @property
    def experiment(self) -> Experiment:
        """The experiment that the backend named."""
        return Experiment("7", "shop", "http://127.0.0.1:5000/#/experiments/7")


def test_the_address_opens_the_trace_in_the_ui(traces: CapturedTraces) -> None:
    """MLflow's own way of naming one trace of an experiment."""
    settings = Settings()
    tracing = Tracing(settings, delivery=KnownExperiment(settings))
    address = tracing.trace_url("tr-1")
    tracing.shutdown()
    assert address == "http://127.0.0.1:5000/#/experiments/7/traces?selectedEvaluationId=tr-1"
    assert tracing.experiment_id == "7"


def test_it_can_be_kept_and_used_after_the_request(traces: CapturedTraces, instrument: Instrument) -> None:
    """It is one request's, wherever it is."""
    kept: list[RequestTrace] = []
    app: FastAPI = app_of(lambda: kept.append(current_trace()))
    instrument(app)
    Call(app).run()
    kept[0].set_tags({"kept": 1})
    assert traces[0].info.tags["kept"] == "1"
    assert otel_mlflow.current_trace().id == ""
