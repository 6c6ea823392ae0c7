"""Errors as JSON: what was wrong, and the ids by which the request can be found again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import otel_mlflow
from app.agent.errors import ModelError
from app.api.request_id import request_id
from app.decks.document import NotADeckError
from app.decks.edit import DeckEditError, NoSuchSlideError
from app.store.decks import NoDeckError, NothingToUndoError, VersionConflictError
from app.store.rows import ForbiddenError, NotYoursError, TurnRunningError
from app.turns.failures import TurnCancelledError, explain
from app.turns.traced import step

_MOST_DETAIL = 2_000
"""So many characters of a detail: it may hold what was sent."""
_STATUS: dict[type[Exception], int] = {
    NotYoursError: 404,
    NoDeckError: 404,
    NoSuchSlideError: 404,
    ForbiddenError: 403,
    TurnRunningError: 409,
    NothingToUndoError: 409,
    DeckEditError: 422,
}


def answer_in_json(app: FastAPI) -> None:
    """Install the handlers on the app."""
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    for kind, status in _STATUS.items():
        app.exception_handler(kind)(_answer_with_words(status))
    app.exception_handler(VersionConflictError)(_moved_on)
    app.exception_handler(TurnCancelledError)(_cancelled)
    for failure in (NotADeckError, ModelError, Exception):
        app.exception_handler(failure)(_failed)


async def _moved_on(request: Request, error: VersionConflictError) -> JSONResponse:
    return _refusal(request, 409, str(error), version=error.current)


async def _refused(request: Request, error: HTTPException) -> JSONResponse:
    return _refusal(request, error.status_code, error.detail, error.headers)


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    found = "; ".join(f"{_place(one['loc'])}: {_problem(request, one)}" for one in error.errors())
    return _refusal(request, 422, found)


def _problem(request: Request, error: dict[str, Any]) -> str:
    """What is wrong with a value; a body that came as bytes was not even read as JSON."""
    if not isinstance(error.get("input"), bytes):
        return str(error["msg"])
    sent = request.headers.get("content-type")
    return f"Content-Type is {sent!r}; expected application/json" if sent else "Send Content-Type: application/json"


def _answer_with_words(status: int) -> Callable[[Request, Exception], Coroutine[Any, Any, JSONResponse]]:
    """An error whose words are meant for the caller."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        return _refusal(request, status, str(error))

    return answer


async def _cancelled(request: Request, error: TurnCancelledError) -> JSONResponse:
    return _answer(request, 409, str(error))


async def _failed(request: Request, error: Exception) -> JSONResponse:
    failure = explain(error)
    return _answer(request, failure.status, failure.detail)


def _place(location: tuple[str | int, ...]) -> str:
    """`body.max_slides` is `max_slides` to the person who sent it; a number is a place in broken JSON."""
    return ".".join(step for step in location[1:] if isinstance(step, str)) or str(location[0])


def _refusal(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """What was not begun. A question that was refused has a trace; a look at what is not there need not have one."""
    if request.method == "POST" and "endpoint" in request.scope:
        with step("refused", "TASK") as span:
            span.set_attribute("app.detail", detail)
        return _answer(request, status, detail, headers, **more)
    return _answer(request, status, detail, headers, **more, trace_id=_trace_id_of_look(request))


def _trace_id_of_look(request: Request) -> str:
    """Successful requests in which nothing but HTTP happens may be set to leave no trace."""
    tracing: otel_mlflow.Tracing | None = request.app.state.tracing
    keeps = tracing is not None and tracing.settings.tracing.http_only_traces == "keep"
    return otel_mlflow.current_trace().id if keeps else ""


def _answer(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    shown = detail if len(detail) <= _MOST_DETAIL else f"{detail[:_MOST_DETAIL]}… ({len(detail)} characters)"
    body = {"detail": shown, "request_id": request_id(request), "trace_id": otel_mlflow.current_trace().id, **more}
    return JSONResponse(body, status, headers)
