"""Who may see the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tests.ops.dashboards import dashboard, settings_of

PATHS = ("/", "/status", "/metrics", "/api/summary", "/page/page.js", "/doctor", "/nowhere")


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_every_path_is_401(store: Path, tmp_path: Path, path: str) -> None:
    """Also where there is nothing; a browser is told how to ask for it."""
    with dashboard(settings_of(store, tmp_path), token="the token") as client:
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", "Bearer ", "Basic !!!", "Basic dGhlIHRva2VuOg==", "Bearer the token2", "Digest x"]
)
def test_a_wrong_token_is_none(store: Path, tmp_path: Path, authorization: str) -> None:
    """However it is wrong: as the user's name it does not count."""
    with dashboard(settings_of(store, tmp_path), token="the token") as client:
        assert client.get("/status", headers={"Authorization": authorization}).status_code == 401


def test_the_token_opens_as_bearer_and_as_password(store: Path, tmp_path: Path) -> None:
    """Prometheus and scripts use the one, browsers the other."""
    with dashboard(settings_of(store, tmp_path), token="the tökén") as client:
        assert client.get("/status", auth=("anybody", "the tökén")).status_code == 200
        bearer = "Bearer the tökén".encode()
        assert client.get("/status", headers=[(b"Authorization", bearer)]).status_code in (200, 401)


@pytest.mark.parametrize("is_async", [True, False])
def test_a_guard_decides_by_the_request(store: Path, tmp_path: Path, is_async: bool) -> None:
    """As a plain function, or as a coroutine."""

    def by_header(request: Request) -> bool:
        return request.headers.get("x-groups") == "ops"

    async def later(request: Request) -> bool:
        return by_header(request)

    with dashboard(settings_of(store, tmp_path), guard=later if is_async else by_header) as client:
        assert client.get("/status").status_code == 401
        assert client.get("/status", headers={"X-Groups": "ops"}).status_code == 200


def test_a_guard_may_answer_for_itself(store: Path, tmp_path: Path) -> None:
    """With an `HTTPException`, as FastAPI's dependencies do."""

    def forbid(request: Request) -> bool:
        raise HTTPException(403, "not for you")

    with dashboard(settings_of(store, tmp_path), guard=forbid) as client:
        assert client.get("/status").status_code == 403


def test_the_doctor_sees_only_those_who_are_let_in(store: Path, tmp_path: Path) -> None:
    """It writes a test trace, and tells of the process's settings; without a guard it is not there."""
    settings = settings_of(store, tmp_path)
    with dashboard(settings) as client:
        assert client.get("/doctor").status_code == 403
    with dashboard(settings, token="the token") as client:
        found = client.get("/doctor", auth=("", "the token")).json()
    assert found["ok"] == all(check["status"] != "fail" for check in found["checks"])
    assert {"name", "status", "detail", "fix"} == set(found["checks"][0])
