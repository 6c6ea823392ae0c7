"""What answers before a route does: refused hosts, redirects to HTTPS, and the files of a frontend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from otel_mlflow import instrument, uninstrument
from otel_mlflow.testing import CapturedTraces
from tests.unit.asgi_calls import Call
from tests.unit.trees import drawn, outcome_of, shown

PAGE = {"accept": "text/html"}
OURS = {"x-mlflow-trace-id", "x-request-id"}

Make = Callable[[], FastAPI]


def api() -> FastAPI:
    """An application of one route."""
    app = FastAPI(openapi_url=None)

    @app.get("/things/{id}")
    def thing(id: int) -> str:
        return "done"

    return app


def with_trusted_hosts() -> FastAPI:
    """It refuses requests for any other host."""
    app = api()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["shop.example"])
    return app


def with_https_redirect() -> FastAPI:
    """It sends plain HTTP away."""
    app = api()
    app.add_middleware(HTTPSRedirectMiddleware)
    return app


@pytest.fixture
def frontend(tmp_path: Path) -> Make:
    """It serves what a frontend's build left, where no route matches."""
    if not hasattr(FastAPI, "frontend"):
        pytest.skip("this FastAPI has no `frontend`")
    (tmp_path / "index.html").write_text("<h1>Shop</h1>")
    (tmp_path / "app.js").write_text("start()")

    def make() -> FastAPI:
        app, inner = api(), api()
        inner.frontend("/web", directory=tmp_path)
        app.mount("/shop/{id}", inner)
        app.frontend("/", directory=tmp_path)
        app.frontend("/admin", directory=tmp_path)
        return app

    return make


def answers(app: FastAPI, request: str, headers: dict[str, str], **scope: Any) -> tuple[int, dict[str, str], bytes]:
    """Status, headers without ours, and body."""
    call = Call(app, request, headers=headers, **scope).run()
    return call.status, {name: value for name, value in call.headers.items() if name not in OURS}, b"".join(call.chunks)


def both(
    make: Make, request: str, headers: dict[str, str], **scope: Any
) -> tuple[tuple[int, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]:
    """The answers without us and with us."""
    untraced = answers(make(), request, headers, **scope)
    app = make()
    instrument(app)
    traced = answers(app, request, headers, **scope)
    uninstrument(app)
    return untraced, traced


@pytest.mark.parametrize(
    ("host", "status", "tree"),
    [("shop.example", 200, "GET /things/{id}"), ("forged.example", 400, "GET")],
)
def test_a_refused_host_is_a_trace_without_a_route(traces: CapturedTraces, host: str, status: int, tree: str) -> None:
    """Whatever order the middleware is added in, the answer is theirs."""
    untraced, traced = both(with_trusted_hosts, "GET /things/7", {"host": host})
    assert traced == untraced
    assert (traced[0], outcome_of(traces), shown(traces)) == (status, "ok", drawn(tree))


@pytest.mark.parametrize(("scheme", "status", "tree"), [("https", 200, "GET /things/{id}"), ("http", 307, "GET")])
def test_a_redirect_to_https_is_a_trace_without_a_route(
    traces: CapturedTraces, scheme: str, status: int, tree: str
) -> None:
    """It leads where it led."""
    untraced, traced = both(with_https_redirect, "GET /things/7", {"host": "shop.example"}, scheme=scheme)
    assert traced == untraced
    assert (traced[0], outcome_of(traces), shown(traces)) == (status, "ok", drawn(tree))


@pytest.mark.parametrize(
    ("path", "headers", "status", "tree"),
    [
        ("/things/7", {}, 200, "GET /things/{id}"),
        ("/app.js", {}, 200, "GET /{path}"),
        ("/orders/of/ada", PAGE, 200, "GET /{path}"),
        ("/missing.js", {}, 404, "GET /{path}"),
        ("/admin", {}, 307, "GET /admin/{path}"),
        ("/admin/js/app.js", {}, 404, "GET /admin/{path}"),
        ("/shop/7/web/app.js", {}, 200, "GET /shop/{id}/web/{path}"),
    ],
    ids=["route", "file", "navigation", "missing", "below", "missing below", "mounted"],
)
def test_a_frontend_s_files_have_the_route_of_their_folder(
    traces: CapturedTraces, frontend: Make, path: str, headers: dict[str, str], status: int, tree: str
) -> None:
    """However many there are; the application's own routes come first."""
    untraced, traced = both(frontend, f"GET {path}", headers)
    assert traced == untraced
    assert (traced[0], outcome_of(traces), shown(traces)) == (status, "ok", drawn(tree))
