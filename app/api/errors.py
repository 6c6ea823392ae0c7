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
from app.store.rows import NotYoursError, TurnRunningError
from app.turns.failures import TurnCancelledError, explain

_STATUS: dict[type[Exception], int] = {
    NotYoursError: 404,
    NoDeckError: 404,
    NoSuchSlideError: 404,
    TurnRunningError: 409,
    TurnCancelledError: 409,
    NothingToUndoError: 409,
    DeckEditError: 422,
}


def answer_in_json(app: FastAPI) -> None:
    """Install the handlers on the app."""
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    for kind, status in _STATUS.items():
        app.exception_handler(kind)(_told(status))
    app.exception_handler(VersionConflictError)(_moved_on)
    for failure in (NotADeckError, ModelError, Exception):
        app.exception_handler(failure)(_failed)


async def _moved_on(request: Request, error: VersionConflictError) -> JSONResponse:
    return _answer(request, 409, str(error), version=error.current)


async def _refused(request: Request, error: HTTPException) -> JSONResponse:
    return _answer(request, error.status_code, error.detail, error.headers)


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    found = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in error.errors())
    return _answer(request, 422, found)


def _told(status: int) -> Callable[[Request, Exception], Coroutine[Any, Any, JSONResponse]]:
    """An error whose words are meant for the caller."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        return _answer(request, status, str(error))

    return answer


async def _failed(request: Request, error: Exception) -> JSONResponse:
    failure = explain(error)
    return _answer(request, failure.status, failure.detail)


def _place(location: tuple[str | int, ...]) -> str:
    """`body.max_slides` is `max_slides` to the person who sent it; a number is a place in broken JSON."""
    return ".".join(step for step in location[1:] if isinstance(step, str)) or str(location[0])


def _answer(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    body = {"detail": detail, "request_id": request_id(request), "trace_id": otel_mlflow.current_trace().id, **more}
    return JSONResponse(body, status, headers)
