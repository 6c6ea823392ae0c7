"""What comes with a request and lets somebody in is in no part of its trace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from otel_mlflow.testing import CapturedTraces
from tests.unit.conftest import Instrument

OPAQUE = "q7Rt2" + "Wm9Kx4" + "Vb3Lp8Zc6"
PASSWORD = "Tulip" + "5921!"


class Login(BaseModel):
    """Wants longer passwords than people have."""

    user: str
    password: str = Field(min_length=20)


def served(instrument: Instrument) -> FastAPI:
    """An application with the ways in that most have."""
    app = FastAPI()

    @app.post("/login")
    def login(login: Login) -> str:
        return login.user

    @app.post("/checked")
    def checked(given: dict[str, str]) -> Any:
        return Login.model_validate(given)

    @app.get("/oauth/callback")
    def callback(code: str, state: str) -> dict[str, str]:
        return {"grant_type": "authorization_code", "code": code, "state": state}

    @app.get("/reset-password/{link}")
    def reset(link: str) -> str:
        return f"Your login link: https://host/l/{link}"

    instrument(app)
    return app


def everything(traces: CapturedTraces) -> str:
    """All that a trace says, as one text."""
    return "\n".join(json.dumps(trace.to_dict(), default=str, ensure_ascii=False) for trace in traces)


@pytest.mark.parametrize(
    ("method", "path", "body", "secret"),
    [
        ("POST", "/login", {"user": "ada", "password": PASSWORD}, PASSWORD),
        ("POST", "/checked", {"user": "ada", "password": PASSWORD}, PASSWORD),
        ("POST", "/checked", {"user": "ada", "password": [PASSWORD]}, PASSWORD),
        ("POST", "/login", {"user": f"login: ada / {PASSWORD}"}, PASSWORD),
        ("GET", f"/oauth/callback?code={OPAQUE}&state=x", None, OPAQUE),
        ("GET", f"/reset-password/{OPAQUE}", None, OPAQUE),
        ("GET", f"/nowhere/magic-link/{OPAQUE}", None, OPAQUE),
    ],
)
def test_it_is_nowhere(
    traces: CapturedTraces,
    instrument: Instrument,
    method: str,
    path: str,
    body: Mapping[str, Any] | None,
    secret: str,
) -> None:
    """Neither in what came in and went out, nor in a name, an attribute, an event or a tag."""
    with TestClient(served(instrument), raise_server_exceptions=False) as client:
        client.request(method, path, json=body)
    assert len(traces) == 1
    assert "[redacted]" in everything(traces)
    assert secret not in everything(traces)
