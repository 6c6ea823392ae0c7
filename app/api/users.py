"""Whose request it is: the user in the headers that a proxy in front of the app sets."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import Headers

import otel_mlflow
from app.credentials import UserToken
from app.services import Services

# The proxy of Databricks Apps sets the first; others know only the second.
_HEADERS = ("x-forwarded-email", "x-forwarded-user")
_OWN_CREDENTIAL = "x-forwarded-access-token"
LOCAL = "local"
"""Where no proxy says who it is, there is one user."""


def read_user(headers: Headers) -> str:
    """The forwarded user, empty where none is: the last one named, by the nearest proxy."""
    return next((given[-1] for name in _HEADERS if any(given := headers.getlist(name))), "")


def owner(request: Request) -> str:
    """The user whose sessions the request is about; the trace says so too. Case does not tell addresses apart."""
    user = read_user(request.headers)
    user = user.lower() if "@" in user else user
    if user:
        otel_mlflow.current_trace().set_user(user)
    return user or LOCAL


OwnerDep = Annotated[str, Depends(owner)]


def user_token(request: Request) -> UserToken | None:
    """The user's own token, where the settings ask for work on their behalf; nobody else's stands in for it."""
    services: Services = request.app.state.services
    if not services.settings.databricks.on_behalf_of_user:
        return None
    if not (forwarded := request.headers.get(_OWN_CREDENTIAL)):
        raise HTTPException(403, f"This app works on behalf of its users, and no {_OWN_CREDENTIAL} was forwarded.")
    return UserToken(forwarded)


UserTokenDep = Annotated[UserToken | None, Depends(user_token)]
