"""Whose request it is: the user in the headers that a proxy in front of the app sets."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers

import otel_mlflow

# The proxy of Databricks Apps sets the first; others know only the second.
_HEADERS = ("x-forwarded-email", "x-forwarded-user")
LOCAL = "local"
"""Where no proxy says who it is, there is one user."""


def user_of(headers: Headers) -> str:
    """The forwarded user; empty where none is."""
    return next((headers[name] for name in _HEADERS if headers.get(name)), "")


def owner(request: Request) -> str:
    """The user whose sessions the request is about; the trace says so too."""
    user = user_of(request.headers)
    if user:
        otel_mlflow.current_trace().set_user(user)
    return user or LOCAL


Owner = Annotated[str, Depends(owner)]
