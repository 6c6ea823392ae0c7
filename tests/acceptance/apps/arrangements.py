"""One small app, and every order in which it, our middleware and other OpenTelemetry instrumentation can be put."""

from __future__ import annotations

import os
from collections.abc import Callable

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import otel_mlflow
from tests.acceptance.apps.control import Control
from tests.acceptance.shapes.spans import nested

exporter = InMemorySpanExporter()


def user_provider() -> TracerProvider:
    """What a user sets up who exports traces elsewhere, too."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def fastapi_app() -> FastAPI:
    app = FastAPI()

    @app.get("/items/{item}")
    async def item(item: str) -> str:
        nested("work", "query")
        return item

    return app


def starlette_app() -> Starlette:
    async def item(request: Request) -> PlainTextResponse:
        nested("work", "query")
        return PlainTextResponse(request.path_params["item"])

    return Starlette(routes=[Route("/items/{item}", item)])


async def plain_app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    nested("work", "query")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"plain"})


def started() -> otel_mlflow.Tracing:
    tracing = otel_mlflow.Tracing(otel_mlflow.Settings.load())
    tracing.start()
    return tracing


Arranged = tuple[ASGIApp, otel_mlflow.Tracing]


def instrument_alone() -> Arranged:
    app = fastapi_app()
    return app, otel_mlflow.instrument(app)


def instrument_twice() -> Arranged:
    app = fastapi_app()
    tracing = otel_mlflow.instrument(app)
    assert otel_mlflow.instrument(app) is tracing
    return app, tracing


def user_provider_before() -> Arranged:
    trace.set_tracer_provider(user_provider())
    return instrument_alone()


def user_provider_passed() -> Arranged:
    app = fastapi_app()
    return app, otel_mlflow.instrument(app, tracer_provider=user_provider())


def opentelemetry_before() -> Arranged:
    trace.set_tracer_provider(user_provider())
    app = fastapi_app()
    FastAPIInstrumentor.instrument_app(app)
    return app, otel_mlflow.instrument(app)


def opentelemetry_after() -> Arranged:
    trace.set_tracer_provider(user_provider())
    app = fastapi_app()
    tracing = otel_mlflow.instrument(app)
    FastAPIInstrumentor.instrument_app(app)
    return app, tracing


def opentelemetry_for_every_app() -> Arranged:
    trace.set_tracer_provider(user_provider())
    FastAPIInstrumentor().instrument()
    import fastapi

    globals()["FastAPI"] = fastapi.FastAPI
    return instrument_alone()


def opentelemetry_outside() -> Arranged:
    trace.set_tracer_provider(user_provider())
    app = fastapi_app()
    tracing = otel_mlflow.instrument(app)
    return OpenTelemetryMiddleware(app), tracing


def opentelemetry_inside() -> Arranged:
    trace.set_tracer_provider(user_provider())
    app = fastapi_app()
    FastAPIInstrumentor.instrument_app(app)
    tracing = started()
    return otel_mlflow.TracingMiddleware(app, tracing=tracing), tracing


def opentelemetry_on_mounted() -> Arranged:
    """Ours outside; the mounted app has OpenTelemetry's instrumentation of its own."""
    trace.set_tracer_provider(user_provider())
    inner, outer = fastapi_app(), FastAPI()
    FastAPIInstrumentor.instrument_app(inner)
    outer.mount("/mounted", inner)
    return outer, otel_mlflow.instrument(outer)


def mounted_alone() -> Arranged:
    """Only the mounted app is ours; FastAPI opens its own span at the outer one."""
    trace.set_tracer_provider(user_provider())
    inner, outer = fastapi_app(), FastAPI()
    tracing = otel_mlflow.instrument(inner)
    outer.mount("/mounted", inner)
    return outer, tracing


def both_mounted() -> Arranged:
    trace.set_tracer_provider(user_provider())
    inner, outer = fastapi_app(), FastAPI()
    otel_mlflow.instrument(inner)
    outer.mount("/mounted", inner)
    return outer, otel_mlflow.instrument(outer)


def mounted_in_starlette() -> Arranged:
    inner, outer = fastapi_app(), Starlette()
    outer.mount("/mounted", inner)
    return outer, otel_mlflow.instrument(outer)


def middleware_added() -> Arranged:
    app, tracing = fastapi_app(), started()
    app.add_middleware(otel_mlflow.TracingMiddleware, tracing=tracing)
    return app, tracing


def wrapped() -> Arranged:
    tracing = started()
    return otel_mlflow.TracingMiddleware(fastapi_app(), tracing=tracing), tracing


def starlette_instrumented() -> Arranged:
    app = starlette_app()
    return app, otel_mlflow.instrument(app)


def starlette_middleware_added() -> Arranged:
    app, tracing = starlette_app(), started()
    app.add_middleware(otel_mlflow.TracingMiddleware, tracing=tracing)
    return app, tracing


def starlette_wrapped() -> Arranged:
    tracing = started()
    return otel_mlflow.TracingMiddleware(starlette_app(), tracing=tracing), tracing


def plain_wrapped() -> Arranged:
    tracing = started()
    return otel_mlflow.TracingMiddleware(plain_app, tracing=tracing), tracing


def plain_in_both() -> Arranged:
    trace.set_tracer_provider(user_provider())
    tracing = started()
    return OpenTelemetryMiddleware(otel_mlflow.TracingMiddleware(plain_app, tracing=tracing)), tracing


arranged: Callable[[], Arranged] = globals()[os.environ["ARRANGEMENT"]]
app, tracing = arranged()
served = Control(app, tracing, exporter)
