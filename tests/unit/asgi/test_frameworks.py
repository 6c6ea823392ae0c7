"""What `instrument()` takes: applications of four frameworks, below other middleware too, and nothing else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import litestar
import pytest
import quart
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from otel_mlflow import Tracing, TracingMiddleware, instrument, uninstrument
from otel_mlflow.errors import NotInstrumentableError
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import span
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.trees import drawn, outcome_of, shown, spans_of


def work() -> str:
    """What every handler does."""
    with span("work"):
        return "done"


def fail() -> None:
    """What the failing handlers do."""
    raise ValueError("seven")


def fastapi_app() -> Any:
    """FastAPI."""
    app = FastAPI()
    app.get("/things/{id}")(lambda id: work())
    app.get("/fail")(fail)
    return app


def starlette_app() -> Any:
    """Starlette."""

    def thing(request: Any) -> PlainTextResponse:
        return PlainTextResponse(work())

    def failing(request: Any) -> None:
        fail()

    return Starlette(routes=[Route("/things/{id}", thing), Route("/fail", failing)])


def litestar_app() -> Any:
    """Litestar."""

    @litestar.get("/things/{id:int}")
    async def thing() -> str:
        return work()

    @litestar.get("/fail")
    async def failing() -> None:
        fail()

    return litestar.Litestar([thing, failing], openapi_config=None)


def quart_app() -> Any:
    """Quart."""
    app = quart.Quart("shop")

    @app.get("/things/<int:id>")
    async def thing(id: int) -> str:
        return work()

    @app.get("/fail")
    async def failing() -> str:
        fail()
        return ""

    return app


APPS = [fastapi_app, starlette_app, litestar_app, quart_app]


@pytest.mark.parametrize("make", APPS)
def test_applications_of_four_frameworks_are_taken(traces: CapturedTraces, make: Callable[[], Any]) -> None:
    """With their routes, and with nothing where no route matched."""
    app = make()
    instrument(app)
    for path in ("/things/7", "/nowhere"):
        Call(app, f"GET {path}").run()
    uninstrument(app)
    assert shown(traces) == drawn("GET /things/{id} > work", "GET")


@pytest.mark.parametrize("make", APPS)
def test_an_exception_that_a_framework_answers_is_recorded(traces: CapturedTraces, make: Callable[[], Any]) -> None:
    """Some raise it on to the server, others don't."""
    app = make()
    instrument(app)
    call = Call(app, "GET /fail")
    try:
        call.run()
    except ValueError:
        assert make in (fastapi_app, starlette_app)
    uninstrument(app)
    assert (call.status, outcome_of(traces)) == (500, "error")
    root = spans_of(traces[0])["GET /fail"]
    assert [event.attributes["exception.message"] for event in root.events if event.name == "exception"] == ["seven"]


@pytest.mark.parametrize("make", APPS)
def test_uninstrumenting_gives_an_application_back(traces: CapturedTraces, make: Callable[[], Any]) -> None:
    """Nothing is traced, nothing is added to its answers, and it can be instrumented again."""
    app = make()
    first = instrument(app)
    assert instrument(app) is first
    uninstrument(app)
    assert "x-mlflow-trace-id" not in Call(app, "GET /nowhere").run().headers
    assert instrument(app) is not first
    Call(app, "GET /things/7").run()
    uninstrument(app)
    assert len(traces) == 1


WRAPPINGS: dict[str, Callable[[Any], Any]] = {
    "one": lambda app: CORSMiddleware(app, allow_origins=["*"]),
    "two": lambda app: GZipMiddleware(CORSMiddleware(app)),
    "method": lambda app: app.__call__,
    "partial": lambda app: functools.partial(app),
}


@pytest.mark.parametrize("make", APPS)
@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS.keys())
def test_an_application_is_found_below_other_middleware(
    traces: CapturedTraces, make: Callable[[], Any], wrap: Callable[[Any], Any]
) -> None:
    """Which stays outside."""
    app = wrap(make())
    tracing = instrument(app)
    assert instrument(app) is tracing
    Call(app, "GET /things/7").run()
    uninstrument(app)
    Call(app, "GET /nowhere").run()
    assert shown(traces) == drawn("GET /things/{id} > work")


@pytest.mark.parametrize("other", [empty_answer, CORSMiddleware(empty_answer), object(), None, "module:app"])
def test_what_cannot_be_taken_is_named_and_nothing_is_left_behind(fresh_process: None, other: Any) -> None:
    """With the word that helps."""
    with pytest.raises(NotInstrumentableError, match="TracingMiddleware"):
        instrument(other)
    uninstrument(other)
    assert not BRIDGE.is_installed


def test_what_goes_wrong_on_the_way_leaves_nothing_behind(fresh_process: None) -> None:
    """The application's own class may refuse."""

    class Frozen(FastAPI):
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "build_middleware_stack":
                raise RuntimeError("frozen")
            super().__setattr__(name, value)

    with pytest.raises(RuntimeError, match="frozen"):
        instrument(Frozen())
    assert not BRIDGE.is_installed


def test_a_handler_of_exceptions_that_fails_is_the_server_s_to_answer(traces: CapturedTraces) -> None:
    """As without us: nothing of ours answers in its place."""

    def refuse(request: Any, error: Exception) -> Any:
        raise RuntimeError("handler fails too")

    app = FastAPI(exception_handlers={Exception: refuse})
    app.get("/fail")(fail)
    instrument(app)
    call = Call(app, "GET /fail")
    with pytest.raises(RuntimeError, match="handler fails too"):
        call.run()
    uninstrument(app)
    assert call.sent == []
    assert (outcome_of(traces), traces[0].info.tags["http.status_code"]) == ("error", "500")


@pytest.mark.parametrize("served", [False, True])
def test_an_instrumented_application_can_be_pickled(traces: CapturedTraces, served: bool) -> None:
    """As Ray and Modal do it."""
    app = fastapi_app()
    instrument(app)
    if served:
        Call(app, "GET /things/7").run()
    assert cloudpickle.dumps(app)
    uninstrument(app)


def test_pickled_middleware_traces_where_it_arrives(traces: CapturedTraces) -> None:
    """With the settings that went along."""
    tracing = Tracing()
    middleware = cloudpickle.loads(cloudpickle.dumps(TracingMiddleware(empty_answer, tracing=tracing)))
    Call(middleware).run()
    for each in (tracing, middleware.tracing):
        each.shutdown()
    assert shown(traces) == drawn("GET")
