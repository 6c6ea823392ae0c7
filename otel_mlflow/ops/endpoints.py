"""What the dashboard's routes answer."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.responses import FileResponse, JSONResponse, Response

from otel_mlflow.backends.collector_metrics import read_all
from otel_mlflow.delivery import SYSTEM_CLOCK
from otel_mlflow.delivery.pacer import Pacer
from otel_mlflow.errors import DeliveryError
from otel_mlflow.ops.answers import Answers
from otel_mlflow.ops.bodies import compressed, json_body
from otel_mlflow.ops.metrics.scrape import NEEDS, Metrics, can_scrape
from otel_mlflow.ops.own_deliveries import OwnDeliveries
from otel_mlflow.ops.question import QuestionError, question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.summary import Disclosure

if TYPE_CHECKING:
    from starlette.requests import Request

    from otel_mlflow.tracing import Tracing

Answer = TypeVar("Answer")

PAGE = Path(__file__).parent / "page"

AT_ONCE = 2
"""Threads for figures, which may take a minute; probes and scrapes have threads of their own."""


class Endpoints:
    """The routes of one dashboard; `disclosure` tells what of people may be shown."""

    def __init__(self, tracing: Tracing, disclosure: Callable[[], Disclosure], *, is_guarded: bool) -> None:
        self._tracing = tracing
        self._make_disclosure = disclosure
        self._is_guarded = is_guarded
        self._metrics = Metrics(tracing) if can_scrape() else None
        self._expected = False
        self._answers = Answers(lambda: source_for(tracing.settings))
        self._own_deliveries = OwnDeliveries(tracing.settings, tracing.delivery)
        self._for_figures = CapacityLimiter(AT_ONCE)
        self._for_probes = CapacityLimiter(AT_ONCE)
        self._for_doctor = CapacityLimiter(1)

    async def page(self, _: Request) -> Response:
        """The page."""
        return FileResponse(PAGE / "index.html")

    async def status(self, _: Request) -> Response:
        """The status; 503 when traces wait until somebody mends something."""
        status = await in_thread(self._for_probes, self._tracing.status)
        return JSONResponse(status.to_dict(), 503 if status.state == "failed" else 200)

    async def metrics(self, request: Request) -> Response:
        """What Prometheus scrapes."""
        if self._metrics is None:
            return JSONResponse({"detail": NEEDS}, 501)
        if not self._expected:
            self._expected = True
            self._metrics.expect(request.scope.get("router"))
        scraper = request.client.host if request.client else ""
        accepted = request.headers.get("accept-encoding", "")
        scrape = functools.partial(self._scrape, self._metrics, request.headers.get("accept", ""), scraper, accepted)
        return await in_thread(self._for_probes, scrape)

    async def summary(self, request: Request) -> Response:
        """The figures of a window; 400 for one that cannot be read, 503 when the backend does not answer."""
        accepted = request.headers.get("accept-encoding", "")
        answer = functools.partial(self._answer, dict(request.query_params), accepted)
        return await in_thread(self._for_figures, answer)

    async def collectors(self, _: Request) -> Response:
        """How each Collector is that `otlp.monitor` names."""
        return JSONResponse(await in_thread(self._for_probes, self._read_collectors))

    async def doctor(self, _: Request) -> Response:
        """What `otel-mlflow doctor` finds in this process; one run at a time.

        It writes a test trace, and tells where settings come from: that is not for everybody.
        """
        if not self._is_guarded:
            detail = {"detail": "the doctor sees nobody here", "fix": "give ops.app a token or a guard"}
            return JSONResponse(detail, 403)
        return JSONResponse(await in_thread(self._for_doctor, self._run_doctor))

    @staticmethod
    def _scrape(metrics: Metrics, accepted: str, scraper: str, accepted_encodings: str) -> Response:
        body, content_type = metrics.scrape(accepted, scraper)
        return compressed(Response(body, headers={"Content-Type": content_type}), accepted_encodings)

    def _read_collectors(self) -> dict[str, Any]:
        return {"collectors": [asdict(each) for each in read_all(self._tracing.settings.otlp.monitor)]}

    def _run_doctor(self) -> dict[str, Any]:
        from otel_mlflow.diagnosis.doctor import answer, run_checks

        return answer(run_checks(self._tracing.settings))

    def _answer(self, parameters: Mapping[str, str], accepted_encodings: str) -> Response:
        """In slices between which requests get the interpreter."""
        with Pacer(SYSTEM_CLOCK, lambda: True).working():
            return compressed(self._summary(parameters), accepted_encodings)

    def _summary(self, parameters: Mapping[str, str]) -> Response:
        try:
            question = question_of(parameters, time.time_ns() // 1_000_000)
            if question.user and self._disclosure.pseudonym is not None:
                raise QuestionError("user cannot be asked for: the dashboard was made without show_users")
            objective = self._tracing.settings.ops.error_objective
            found = self._answers.to(question).to_dict(self._disclosure, objective)
        except QuestionError as error:
            return JSONResponse({"detail": str(error), "fix": "correct the address"}, 400)
        except DeliveryError as error:
            return JSONResponse({"detail": error.reason, "fix": error.fix}, 503)
        shown = {"users_shown": self._disclosure.pseudonym is None, "texts_shown": self._disclosure.texts}
        return Response(json_body({**found, **shown}), media_type="application/json")

    @functools.cached_property
    def _disclosure(self) -> Disclosure:
        return self._make_disclosure()


async def in_thread(limiter: CapacityLimiter, work: Callable[[], Answer]) -> Answer:
    """Do what may take long without holding up the event loop, nor the threads that the application's handlers need."""
    return await anyio.to_thread.run_sync(work, limiter=limiter)
