"""Errors as JSON: what was wrong, and the ids by which the request can be found again."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

import otel_mlflow
from app.agent.deck import NotADeckError
from app.api.request_id import request_id


def answer_in_json(app: FastAPI) -> None:
    """Install the handlers on the app."""
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(NotADeckError)(_no_deck)
    app.exception_handler(Exception)(_failed)


async def _refused(request: Request, error: HTTPException) -> JSONResponse:
    return _answer(request, error.status_code, error.detail, error.headers)


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    found = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in error.errors())
    return _answer(request, 422, found)


async def _no_deck(request: Request, error: NotADeckError) -> JSONResponse:
    return _answer(request, 502, f"The model's answer is not a deck: {error}")


async def _failed(request: Request, error: Exception) -> JSONResponse:
    return _answer(request, 500, "This went wrong on our side. The ids lead to where.")


def _place(location: tuple[str | int, ...]) -> str:
    """`body.max_slides` is `max_slides` to the person who sent it; a number is a place in broken JSON."""
    return ".".join(step for step in location[1:] if isinstance(step, str)) or str(location[0])


def _answer(request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    body = {"detail": detail, "request_id": request_id(request), "trace_id": otel_mlflow.current_trace().id}
    return JSONResponse(body, status, headers)
