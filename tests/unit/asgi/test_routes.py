"""`http.route` is the full template of the route that served a request."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

import otel_mlflow
from otel_mlflow import Tracing, TracingMiddleware
from otel_mlflow.testing import CapturedTraces
from tests.unit.asgi_calls import Call, empty_answer
from tests.unit.conftest import Instrument


def answer(request: Any = None) -> PlainTextResponse:
    """Serve any route."""
    return PlainTextResponse("answer")


class Answer(HTTPEndpoint):
    """Serve any route, as a class."""

    async def get(self, request: Any) -> PlainTextResponse:
        """Answer."""
        return answer()


def route_of(tracing: Tracing, traces: CapturedTraces, app: ASGIApp, request: str, **scope: Any) -> str | None:
    """The route that the trace of a request is tagged with."""
    Call(TracingMiddleware(app, tracing=tracing), request, **scope).run()
    return traces[-1].info.tags.get("http.route")


STARLETTE = Starlette(
    routes=[
        Route("/", answer),
        Route("/things/{id:int}", answer),
        Route("/files/{path:path}", Answer),
        Mount("/api", routes=[Route("/users/{name}", answer), Mount("/v{version}", routes=[Route("/deep", answer)])]),
        Mount("/static", app=StaticFiles(directory=".")),
        Mount("/raw", app=empty_answer),
        Host("admin.example", app=Router(routes=[Route("/console", answer)])),
        Mount("/router", app=Router(routes=[Route("/inner/{x}", answer), Route("/{rest:path}", answer)])),
    ]
)


@pytest.mark.parametrize(
    ("request_line", "route"),
    [
        ("GET /", "/"),
        ("GET /things/7", "/things/{id}"),
        ("GET /files/a/b/c", "/files/{path}"),
        ("GET /router/", "/router/{rest}"),
        ("GET /api/users/me", "/api/users/{name}"),
        ("GET /api/v2/deep", "/api/v{version}/deep"),
        ("GET /raw/anything/below", "/raw/{path}"),
        ("GET /router/inner/1", "/router/inner/{x}"),
    ],
)
def test_starlette_s_routes_through_mounts(
    traces: CapturedTraces, tracing: Tracing, request_line: str, route: str
) -> None:
    """Names of parameters, not their values and not their converters."""
    assert route_of(tracing, traces, STARLETTE, request_line) == route


@pytest.mark.parametrize("request_line", ["GET /nowhere", "GET /things/seven"])
def test_where_no_route_matched_there_is_none(traces: CapturedTraces, tracing: Tracing, request_line: str) -> None:
    """The span is named after the method alone."""
    assert route_of(tracing, traces, STARLETTE, request_line) is None
    assert traces[0].data.spans[0].name == "GET"


def test_a_method_that_the_route_does_not_serve_is_still_that_route(traces: CapturedTraces, tracing: Tracing) -> None:
    """405 is an answer of the route's."""
    assert route_of(tracing, traces, STARLETTE, "DELETE /things/7") == "/things/{id}"
    assert traces[0].info.tags["http.status_code"] == "405"


def test_routes_of_a_host_are_its_own(traces: CapturedTraces, tracing: Tracing) -> None:
    """The host is no part of the path."""
    Call(TracingMiddleware(STARLETTE, tracing=tracing), "GET /console", headers={"host": "admin.example"}).run()
    assert traces[0].info.tags["http.route"] == "/console"


def fastapi_app() -> FastAPI:
    """An application with routers in routers, and another application below."""
    users = APIRouter(prefix="/users")
    users.get("/{name}")(lambda name: name)
    api = APIRouter(prefix="/api")
    api.include_router(users)
    api.get("")(lambda: "root of the router")
    app = FastAPI()
    app.get("/things/{id:path}")(lambda id: id)
    app.include_router(api)
    app.include_router(users, prefix="/again")
    inner = FastAPI()
    inner.get("/deep/{x}")(lambda x: x)
    app.mount("/inner", inner)
    return app


@pytest.mark.parametrize(
    ("request_line", "route"),
    [
        ("GET /things/a/b", "/things/{id}"),
        ("GET /api", "/api"),
        ("GET /api/users/me", "/api/users/{name}"),
        ("GET /again/users/me", "/again/users/{name}"),
        ("GET /inner/deep/7", "/inner/deep/{x}"),
    ],
)
def test_fastapi_s_routes_through_routers_and_mounts(
    traces: CapturedTraces, instrument: Instrument, request_line: str, route: str
) -> None:
    """Also one router that is included twice, whose endpoint the requests share."""
    app = fastapi_app()
    instrument(app)
    Call(app, request_line).run()
    assert traces[0].info.tags["http.route"] == route
    assert traces[0].data.spans[0].name == f"GET {route}"


def test_one_application_mounted_twice_has_the_route_that_was_asked_for(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """Route and endpoint are the same objects; the path decides."""
    shared = Starlette(routes=[Route("/x/{id}", answer)])
    app = Starlette(routes=[Mount("/a", app=shared), Mount("/b", app=shared)])
    routes = [route_of(tracing, traces, app, f"GET {path}") for path in ("/b/x/1", "/a/x/1")]
    assert routes == ["/b/x/{id}", "/a/x/{id}"]


def test_behind_a_proxy_that_takes_a_prefix_away_routes_are_the_application_s(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """`root_path`, with or without it in the path (ASGI servers differ)."""
    for path in ("/prefix/things/7", "/things/7"):
        assert route_of(tracing, traces, STARLETTE, f"GET {path}", root_path="/prefix") in ("/things/{id}", None)
    assert "/things/{id}" in [trace.info.tags.get("http.route") for trace in traces]


def test_an_application_that_is_instrumented_below_another_names_the_whole_route(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """The path below which it is mounted is part of what the caller asked for."""
    inner = FastAPI()
    inner.get("/deep/{x}")(lambda x: x)
    instrument(inner)
    outer = Starlette(routes=[Mount("/inner", app=inner)])
    Call(outer, "GET /inner/deep/7").run()
    assert traces[0].info.tags["http.route"] == "/inner/deep/{x}"


def test_routes_that_are_added_while_serving_are_found(traces: CapturedTraces, tracing: Tracing) -> None:
    """Templates are read again when a route is chosen that nobody knows."""
    app = Starlette(routes=[Route("/old", answer)])
    middleware = TracingMiddleware(app, tracing=tracing)
    Call(middleware, "GET /old").run()
    app.router.routes.append(Route("/new/{id}", Answer))
    Call(middleware, "GET /new/7").run()
    assert [trace.info.tags["http.route"] for trace in traces] == ["/old", "/new/{id}"]


def test_a_framework_that_leaves_its_template_in_the_scope_is_believed(
    traces: CapturedTraces, tracing: Tracing
) -> None:
    """Litestar calls it `path_template`."""

    async def litestar(scope: Any, receive: Any, send: Any) -> None:
        scope["path_template"] = "/things/{id}"
        await empty_answer(scope, receive, send)

    assert route_of(tracing, traces, litestar, "GET /things/7") == "/things/{id}"


def test_a_websocket_s_route_is_found(traces: CapturedTraces, tracing: Tracing) -> None:
    """The handshake is a GET request."""

    async def endpoint(websocket: Any) -> None:
        await websocket.accept()
        await websocket.close()

    app = Starlette(routes=[WebSocketRoute("/rooms/{room}", endpoint)])
    call = Call(TracingMiddleware(app, tracing=tracing), "GET /rooms/kitchen", type="websocket", subprotocols=[])
    call._to_receive = [{"type": "websocket.connect"}]
    call.run()
    assert traces[0].data.spans[0].name == "GET /rooms/{room}"


@pytest.mark.parametrize("tenant", ["ada", "t"])
def test_middleware_below_a_mount_names_the_mount_s_parameters(
    traces: CapturedTraces, tracing: Tracing, tenant: str
) -> None:
    """Not their values, also where those look like the constant parts."""
    inner = TracingMiddleware(Starlette(routes=[Route("/i/{x}", answer)]), tracing=tracing)
    Call(Starlette(routes=[Mount("/t/{tenant}", app=inner)]), f"GET /t/{tenant}/i/1").run()
    assert traces[0].info.tags["http.route"] == "/t/{tenant}/i/{x}"


def test_mounts_that_cannot_be_seen_into_are_named_by_their_parameters(
    traces: CapturedTraces, instrument: Instrument
) -> None:
    """A router that FastAPI keeps whole when it is included, with a mount of its own."""
    inner = Starlette(routes=[Route("/deep/{x}", answer)])
    router = APIRouter()
    router.mount("/m/{q}", inner)
    app = FastAPI()
    app.include_router(router, prefix="/api")
    instrument(app)
    Call(app, "GET /api/m/1/deep/2").run()
    assert traces[0].info.tags["http.route"] == "/api/m/{q}/deep/{x}"


class CountingRoutes(list[Any]):
    """Routes that count how often somebody goes through them."""

    def __init__(self, routes: list[Any]) -> None:
        super().__init__(routes)
        self.times = 0

    def __iter__(self) -> Any:
        self.times += 1
        return super().__iter__()


@pytest.mark.parametrize(("request_line", "status"), [("GET /nowhere", 404), ("GET /things/1", 200)])
def test_routes_are_not_read(traces: CapturedTraces, instrument: Instrument, request_line: str, status: int) -> None:
    """Neither where nothing was chosen nor where the router leaves the route: it alone goes through them."""
    app = FastAPI()
    app.get("/things/{id}")(lambda id: id)
    counting = CountingRoutes(app.router.routes)
    app.router.routes = counting
    assert Call(app, request_line).run().status == status
    alone, counting.times = counting.times, 0
    app.middleware_stack = None
    instrument(app)
    Call(app, request_line).run()
    assert counting.times == alone


class Rewriting:
    """Middleware that hands on a copy of the scope, with another path."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app, self.path = app, path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Call the application with the copy."""
        await self.app({**scope, "path": self.path, "raw_path": self.path.encode()}, receive, send)


@pytest.mark.parametrize("has_served", [True, False])
@pytest.mark.parametrize(
    ("path", "route"), [("/things/7", "/things/{id}"), ("/api/users/me", "/api/users/{name}"), ("/nowhere", None)]
)
def test_below_middleware_that_copies_the_scope_the_route_is_known(
    traces: CapturedTraces, instrument: Instrument, path: str, route: str | None, has_served: bool
) -> None:
    """That of the path which the router was given; the request's own path stays in its span."""
    app = Starlette(routes=STARLETTE.routes)
    app.add_middleware(Rewriting, path=path)
    if has_served:
        Call(app).run()
    instrument(app)
    Call(app, "GET /asked").run()
    assert traces[0].info.tags.get("http.route") == route
    assert traces[0].data.spans[0].attributes["url.path"] == "/asked"


def test_what_stands_before_the_router_goes_with_the_instrumentation(traces: CapturedTraces) -> None:
    """The stack that has served before is the same again."""
    app = Starlette(routes=STARLETTE.routes)
    Call(app).run()
    stack: Any = app.middleware_stack
    above_router = stack.app
    otel_mlflow.instrument(app)
    assert above_router.app is not app.router
    otel_mlflow.uninstrument(app)
    assert app.middleware_stack is stack
    assert above_router.app is app.router
