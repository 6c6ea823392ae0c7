"""Who may see the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from otel_mlflow import Tracing, ops
from otel_mlflow.ops.attempts import FailedAttempts
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
        assert client.get("/status", headers=[(b"Authorization", bearer)]).status_code == 200
        assert client.get("/status", headers=[(b"Authorization", b"Bearer the t\xf6k\xe9n")]).status_code == 200


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


@pytest.mark.parametrize("token", ["", " ", "\t\n"])
def test_an_empty_or_blank_token_is_an_error(store: Path, tmp_path: Path, token: str) -> None:
    """An environment variable that is set to nothing must not open the dashboard to everybody."""
    tracing = Tracing(settings_of(store, tmp_path))
    with pytest.raises(ValueError, match="token is empty or blank"):
        ops.app(tracing, token=token)
    tracing.shutdown(0)


@pytest.mark.parametrize("token", [7, b"the token", ["the token"]])
def test_a_token_that_is_no_text_is_an_error(store: Path, tmp_path: Path, token: Any) -> None:
    """No request can bring it: it is said at once, and not at the first visit."""
    tracing = Tracing(settings_of(store, tmp_path))
    with pytest.raises(ValueError, match="expected a text"):
        ops.app(tracing, token=token)
    tracing.shutdown(0)


def test_the_spaces_around_a_token_do_not_count(store: Path, tmp_path: Path) -> None:
    """A file's last newline is no part of the secret."""
    with dashboard(settings_of(store, tmp_path), token=" the token\n") as client:
        assert client.get("/status", headers={"Authorization": "Bearer the token"}).status_code == 200


@pytest.mark.parametrize(
    ("client_host", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("10.0.0.7", {}, 403),
        ("203.0.113.9", {"Host": "localhost"}, 403),
        ("::ffff:10.0.0.7", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}, 403),
        ("127.0.0.1", {"Forwarded": 'for="[2001:db8::1]";proto=https'}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 200),
        ("127.0.0.1", {"Forwarded": 'for="[::1]:4711"'}, 200),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 403),
        ("127.0.0.1", {"Host": "rebound.example.com"}, 403),
        ("127.0.0.1", {"Host": "localhost:8000"}, 200),
        ("127.0.0.1", {"Host": "[::1]:8000"}, 200),
        ("127.0.0.1", {"Host": "[::1"}, 403),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}, 403),
        ("127.0.0.1", {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "80", "X-Forwarded-For": "127.0.0.1"}, 200),
        ("127.0.0.1", {"X-Forwarded-Port": "80", "X-Forwarded-Host": "localhost:5173"}, 200),
        ("127.0.0.1", {"True-Client-IP": "203.0.113.9"}, 403),
        ("127.0.0.1", {"Origin": "https://example.com"}, 403),
        ("127.0.0.1", {"Origin": "null"}, 403),
        ("127.0.0.1", {"Origin": "http://localhost:3000"}, 200),
        ("127.0.0.1", {"Origin": "http://[::1]:3000"}, 200),
        ("127.0.0.1", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
    ],
)
def test_without_token_and_guard_only_this_machine_is_served(
    store: Path, tmp_path: Path, client_host: str, headers: dict[str, str], status: int
) -> None:
    """By address, by what proxies say, by the host that was asked for, and by the page that asks."""
    tracing = Tracing(settings_of(store, tmp_path))
    client = TestClient(ops.app(tracing), client=(client_host, 4711))
    assert client.get("/status", headers=headers).status_code == status
    tracing.shutdown(0)


@pytest.mark.parametrize(("headers", "status"), [({}, 403), ({"X-Forwarded-For": "127.0.0.1"}, 200)])
def test_a_request_that_nginx_passes_on_is_not_of_this_machine(
    store: Path, tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    """By default it comes from loopback, asks for `127.0.0.1`, names nobody, and is in HTTP/1.0."""
    tracing = Tracing(settings_of(store, tmp_path))
    dashboard_app = ops.app(tracing)

    async def in_old_http(scope: Scope, receive: Receive, send: Send) -> None:
        await dashboard_app({**scope, "http_version": "1.0"}, receive, send)

    client = TestClient(in_old_http, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 4711))
    assert client.get("/status", headers=headers).status_code == status
    tracing.shutdown(0)


def test_with_a_token_the_address_does_not_matter(store: Path, tmp_path: Path) -> None:
    """Whoever has the secret may come from anywhere."""
    tracing = Tracing(settings_of(store, tmp_path))
    client = TestClient(ops.app(tracing, token="the token"), client=("203.0.113.9", 4711))
    assert client.get("/status", auth=("", "the token")).status_code == 200
    tracing.shutdown(0)


def test_after_ten_wrong_tokens_an_address_waits(store: Path, tmp_path: Path) -> None:
    """Also with the right one, so that nothing can be found out; a request without any is no attempt."""
    with dashboard(settings_of(store, tmp_path), token="the token") as client:
        assert {client.get("/status").status_code for _ in range(12)} == {401}
        assert {client.get("/status", auth=("", "wrong")).status_code for _ in range(10)} == {401}
        answer = client.get("/status", auth=("", "the token"))
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 60


def test_attempts_are_forgotten_after_a_minute_and_counted_by_address() -> None:
    """Another address is heard meanwhile."""
    now = 0.0
    attempts = FailedAttempts(lambda: now)
    for _ in range(10):
        attempts.add("10.0.0.1")
    assert (attempts.seconds_to_wait("10.0.0.1"), attempts.seconds_to_wait("10.0.0.2")) == (60, 0)
    now = 60.0
    assert attempts.seconds_to_wait("10.0.0.1") == 0


@pytest.mark.parametrize("path", [*PATHS, "/api/summary?window=1y"])
@pytest.mark.parametrize("token", [None, "the token"])
def test_every_answer_has_the_security_headers(store: Path, tmp_path: Path, path: str, token: str | None) -> None:
    """Pages, figures, files, errors and refusals alike."""
    with dashboard(settings_of(store, tmp_path), token=token) as client:
        headers = client.get(path).headers
    for directive in ("default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'self'"):
        assert directive in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["cache-control"] in ("no-store", "no-cache")


def test_the_page_without_its_slash_redirects_relatively(store: Path, tmp_path: Path) -> None:
    """A proxy may have other names for host and path."""
    tracing = Tracing(settings_of(store, tmp_path))
    client = TestClient(ops.app(tracing), root_path="/deep/ops")
    answer = client.get("/deep/ops?window=24h", follow_redirects=False)
    tracing.shutdown(0)
    assert (answer.status_code, answer.headers["location"]) == (307, "./ops/?window=24h")
