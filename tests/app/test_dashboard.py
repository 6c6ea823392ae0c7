"""The dashboard of the app: open to this machine alone, or to whoever has the token."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

import otel_mlflow
from app.application import create_app
from app.settings import AppSettings

pytestmark = pytest.mark.anyio
TOKEN = "open" + "-sesame"


async def status(app: FastAPI, host: str, headers: Mapping[str, str] | None = None) -> int:
    """What somebody at that address gets."""
    transport = httpx.ASGITransport(app, client=(host, 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return (await client.get("/ops/", headers=headers)).status_code


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_this_machine_sees_it(app: FastAPI, host: str) -> None:
    """Without a token."""
    assert await status(app, host) == 200


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("10.0.0.7", {}),
        ("testclient", {}),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}),
        ("127.0.0.1", {"X-Forwarded-Email": "eve@example.com"}),
    ],
)
async def test_nobody_else_does(app: FastAPI, host: str, headers: Mapping[str, str]) -> None:
    """Nor who comes through a proxy on this machine."""
    assert await status(app, host, headers) == 403


async def test_a_token_opens_it_from_everywhere(settings: AppSettings, tmp_path: Path) -> None:
    """And from here, too, it is asked for then; a wrong one opens nothing."""
    tracing = {"tracing": {"enabled": False}, "delivery": {"spool_dir": str(tmp_path / "spool")}}
    with_token = settings.model_copy(update={"ops_token": SecretStr(TOKEN)})
    app = create_app(with_token, tracing=otel_mlflow.Settings.model_validate(tracing))
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert [await status(app, host, bearer) for host in ("127.0.0.1", "10.0.0.7")] == [200, 200]
    wrong = {"Authorization": f"Bearer {TOKEN}!"}
    for headers in (None, wrong, {"Authorization": "Bearer "}):
        assert [await status(app, host, headers) for host in ("127.0.0.1", "10.0.0.7")] == [401, 401]
