"""`ops.app(tracing)`: an ASGI application to be mounted anywhere."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from otel_mlflow.errors import DeliveryError
from otel_mlflow.ops.answers import Answers
from otel_mlflow.ops.authorizer import AuthorizedApp, Authorizer
from otel_mlflow.ops.metrics.scrape import NEEDS, Metrics, can_scrape
from otel_mlflow.ops.question import QuestionError, question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.trailing_slash import TrailingSlash

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from otel_mlflow.tracing import Tracing

Answer = TypeVar("Answer")

PAGE = Path(__file__).parent / "page"

PATIENT = 2
"""Threads for figures, which may take a minute; probes and scrapes have threads of their own."""


def app(
    tracing: Tracing, *, token: str | None = None, guard: Authorizer | None = None, show_users: bool = False
) -> ASGIApp:
    """Make the dashboard of `tracing`: `GET /`, `/status`, `/metrics`, `/api/summary`, `/doctor`.

    With `token` every path needs it (`Authorization: Bearer …`, or as the password of basic authentication); `guard`
    is asked for each request and may be `async`. Without either only this machine is served. Without `show_users` users
    are numbered, not named. Raises `ValueError` for an empty or blank token.

    Reads where the traces are, on threads of its own and with connections that write nothing.
    """
    endpoints = Endpoints(tracing, show_users=show_users, is_guarded=token is not None or guard is not None)
    routes = [
        Route("/", endpoints.page),
        Route("/status", endpoints.status),
        Route("/metrics", endpoints.metrics),
        Route("/api/summary", endpoints.summary),
        Route("/doctor", endpoints.doctor),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]
    return AuthorizedApp(TrailingSlash(Starlette(routes=routes)), token=token, authorizer=guard)


class Endpoints:
    """What the routes answer."""

    def __init__(self, tracing: Tracing, *, show_users: bool, is_guarded: bool) -> None:
        self._tracing = tracing
        self._is_guarded = is_guarded
        self._examining = CapacityLimiter(1)
        self._show_users = show_users
        self._metrics = Metrics(tracing) if can_scrape() else None
        self._answers = Answers(lambda: source_for(tracing.settings))
        self._patient = CapacityLimiter(PATIENT)
        self._prompt = CapacityLimiter(PATIENT)

    async def page(self, _: Request) -> Response:
        """The page."""
        return FileResponse(PAGE / "index.html")

    async def status(self, _: Request) -> Response:
        """The status; 503 when traces wait until somebody mends something."""
        status = await in_thread(self._prompt, self._tracing.status)
        return _json(status.to_dict(), 503 if status.state == "failed" else 200)

    async def metrics(self, request: Request) -> Response:
        """What Prometheus scrapes."""
        if self._metrics is None:
            return _json({"detail": NEEDS}, 501)
        body, content_type = await in_thread(
            self._prompt, functools.partial(self._metrics.scrape, request.headers.get("accept", ""))
        )
        return Response(body, headers={"Content-Type": content_type})

    async def summary(self, request: Request) -> Response:
        """The figures of a window; 400 for one that cannot be read, 503 when the backend does not answer."""
        return await in_thread(self._patient, functools.partial(self._summary, dict(request.query_params)))

    async def doctor(self, _: Request) -> Response:
        """What `otel-mlflow doctor` finds in this process; one examination at a time.

        It writes a test trace, and tells where settings come from: that is not for everybody.
        """
        if not self._is_guarded:
            return _json({"detail": "the doctor sees nobody here", "fix": "give ops.app a token or a guard"}, 403)
        return _json(await in_thread(self._examining, self._examined))

    def _examined(self) -> dict[str, Any]:
        from otel_mlflow.diagnosis.doctor import answer, run_checks

        return answer(run_checks(self._tracing.settings))

    def _summary(self, parameters: Mapping[str, str]) -> Response:
        try:
            question = question_of(parameters, time.time_ns() // 1_000_000)
            if question.user and not self._show_users:
                raise QuestionError("user cannot be asked for: the dashboard was made without show_users")
            found = self._answers.to(question).to_dict(show_users=self._show_users)
        except QuestionError as error:
            return _json({"detail": str(error), "fix": "correct the address"}, 400)
        except DeliveryError as error:
            return _json({"detail": error.reason, "fix": error.fix}, 503)
        return _json({**found, "users_shown": self._show_users})


async def in_thread(limiter: CapacityLimiter, work: Callable[[], Answer]) -> Answer:
    """Do what may take long without holding up the event loop, nor the threads that the application's handlers need."""
    return await anyio.to_thread.run_sync(work, limiter=limiter)


def _json(value: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(value, status)
