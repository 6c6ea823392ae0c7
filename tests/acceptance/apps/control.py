"""What the tests ask of an app under test, past all tracing: it is wrapped round the app that uvicorn serves."""

from __future__ import annotations

import asyncio
from typing import Any

from opentelemetry import context
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import otel_mlflow
from tests.acceptance.apps import gates

PREFIX = "/control/"


class Control:
    """Answers `/control/…` itself, passes on all else, and notes which requests left something in the context."""

    def __init__(
        self, app: ASGIApp, tracing: otel_mlflow.Tracing | None, exporter: InMemorySpanExporter | None = None
    ) -> None:
        self._app = app
        self._tracing = tracing
        self._exporter = exporter
        self._leaks: list[str] = []
        self._own = Starlette(
            routes=[
                Route(f"{PREFIX}flush", self.flush, methods=["POST"]),
                Route(f"{PREFIX}release/{{request_id}}", self.release, methods=["POST"]),
                Route(f"{PREFIX}leaks", self.leaks),
                Route(f"{PREFIX}exported", self.exported),
                Route(f"{PREFIX}forget", self.forget, methods=["POST"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["path"].startswith(PREFIX):
            await self._own(scope, receive, send)
        else:
            await self._watched(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            if left := context.get_current():
                self._leaks.append(f"{scope['path']} left {left}")

    async def flush(self, _: Request) -> JSONResponse:
        """Whether all that has ended so far is in MLflow."""
        assert self._tracing is not None
        return JSONResponse(await asyncio.to_thread(self._tracing.flush, timeout=120))

    async def release(self, request: Request) -> JSONResponse:
        """Open a request's gate."""
        gates.release(request.path_params["request_id"])
        return JSONResponse({})

    async def leaks(self, _: Request) -> JSONResponse:
        """The requests after which the OpenTelemetry context was not empty, as it had been before."""
        return JSONResponse(self._leaks)

    async def exported(self, _: Request) -> JSONResponse:
        """What the user's own exporter has been given."""
        assert self._exporter is not None
        spans: list[dict[str, Any]] = [
            {"name": span.name, "kind": span.kind.name, "trace_id": f"{span.context.trace_id:032x}"}
            for span in self._exporter.get_finished_spans()
            if span.context is not None
        ]
        return JSONResponse(spans)

    async def forget(self, _: Request) -> JSONResponse:
        """Empty the user's own exporter."""
        assert self._exporter is not None
        self._exporter.clear()
        return JSONResponse({})
