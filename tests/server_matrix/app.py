"""One application for all servers: `untraced` and `traced`, each between the server and a witness.

Runs on asyncio and on trio. What the witness saw, and what became of the traces, can be asked for afterwards.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any

import anyio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket
from fastapi.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route

CASE = b"x-request-id"
BIG = b"x" * 1_000_000

app = FastAPI(openapi_url=None)


class Witness:
    """Stands between the server and the application; notes what passes, by the case that the request names.

    A body is one message, in however many parts it comes: a part is what one read of the socket has brought.
    """

    def __init__(self, app: Any) -> None:
        self.app = app
        self.seen: dict[str, list[str]] = {}
        self.done: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        case = dict(scope.get("headers", ())).get(CASE, b"").decode()
        if not case:
            await self.app(scope, receive, send)
            return
        seen = self.seen.setdefault(case, [])
        body = bytearray()

        async def noting_receive() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                seen.append(_described("<", {**message, "body": body} if "body" in message else message))
            return message

        async def noting_send(message: Any) -> None:
            seen.append(_described(">", message))
            await send(message)

        try:
            await self.app(scope, noting_receive, noting_send)
        except BaseException as error:
            seen.append(f"raised {type(error).__name__}")
            raise
        finally:
            self.done.add(case)


def _described(arrow: str, message: Any) -> str:
    """A message in words, without our own headers."""
    facts = {key: value for key, value in message.items() if key not in ("type", "headers", "body", "reason")}
    if "headers" in message:
        ours = (b"x-mlflow-trace-id", b"x-request-id", b"date", b"last-modified", b"etag")
        facts["headers"] = [(bytes(name), bytes(value)) for name, value in message["headers"] if name not in ours]
    if "body" in message:
        facts["body"] = len(message["body"])
    return f"{arrow} {message['type']} {sorted((key, str(value)) for key, value in facts.items())}"


async def words(*, fail: bool = False, slow: bool = False) -> AsyncIterator[bytes]:
    for number in range(3):
        yield f"data: {number}\n\n".encode()
        if fail and number == 1:
            raise RuntimeError("in mid-stream")
    for _ in range(25 if slow else 0):
        await anyio.sleep(0.2)
        yield b": still here\n\n"


@app.get("/json")
def answer_json() -> dict[str, int]:
    return {"a": 1}


@app.get("/async")
async def answer_async() -> dict[str, int]:
    return {"a": 1}


@app.post("/echo")
async def echo(request: Request) -> Response:
    return Response(await request.body(), media_type="application/octet-stream")


@app.post("/model")
def model(body: dict[str, int]) -> dict[str, int]:
    return body


@app.get("/text/{name}")
def text(name: str) -> PlainTextResponse:
    return PlainTextResponse(name, headers={"x-one": "1"})


@app.get("/cookies")
def cookies() -> Response:
    response = Response("cookies")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@app.get("/created", status_code=HTTPStatus.CREATED)
def created() -> str:
    return "made"


@app.get("/nothing", status_code=204)
def nothing() -> None:
    return None


@app.get("/own-id")
def own_id() -> Response:
    return Response("own", headers={"x-request-id": "of the application"})


@app.get("/big")
def big() -> Response:
    return Response(BIG)


@app.get("/file")
def file() -> FileResponse:
    return FileResponse(__file__, media_type="text/plain")


@app.get("/stream")
def stream() -> StreamingResponse:
    return StreamingResponse(words(), media_type="text/event-stream")


@app.get("/stream/sync")
def stream_sync() -> StreamingResponse:
    return StreamingResponse(iter([b"a", b"b"]), media_type="text/plain")


@app.get("/stream/empty")
def stream_empty() -> StreamingResponse:
    return StreamingResponse(iter([]))


@app.get("/stream/fails")
def stream_fails() -> StreamingResponse:
    return StreamingResponse(words(fail=True))


@app.get("/stream/slow")
def stream_slow() -> StreamingResponse:
    return StreamingResponse(words(slow=True))


@app.get("/fails")
def fails() -> None:
    raise ValueError("seven")


@app.get("/refused")
def refused() -> None:
    raise HTTPException(418, "a teapot")


@app.get("/unavailable")
def unavailable() -> None:
    raise HTTPException(503, "later")


@app.get("/background")
def background(tasks: BackgroundTasks) -> str:
    tasks.add_task(lambda: None)
    return "answered"


@app.get("/background/fails")
def background_fails(tasks: BackgroundTasks) -> str:
    tasks.add_task(fails)
    return "answered"


async def failing_dependency() -> AsyncIterator[None]:
    yield
    raise ValueError("after the answer")


@app.get("/dependency/fails", dependencies=[Depends(failing_dependency)])
def dependency_fails() -> str:
    return "answered"


async def waits(scope: Any, receive: Any, send: Any) -> None:
    """Answers nothing until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def silent(scope: Any, receive: Any, send: Any) -> None:
    """Answers nothing."""


async def half(scope: Any, receive: Any, send: Any) -> None:
    """Begins an answer."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})


class Passing(BaseHTTPMiddleware):
    """Middleware that does nothing, in a way that changes much."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        return response


def plain(respond: Callable[[Any], Any]) -> Any:
    """An application of one handler, below `BaseHTTPMiddleware`."""
    return Passing(Route("/", respond))


app.mount("/silent", silent)
app.mount("/half", half)
app.mount("/waits", waits)
app.mount(
    "/tenants/{tenant}", FastAPI(openapi_url=None, routes=[Mount("/in", routes=[Route("/x", lambda _: Response("x"))])])
)
app.mount("/passing", plain(lambda _: StreamingResponse(words())))
app.mount("/passing-fails", plain(lambda _: StreamingResponse(words(fail=True))))
app.mount("/gzip", GZipMiddleware(Route("/", lambda _: StreamingResponse(words())), minimum_size=1))


@app.websocket("/ws/echo")
async def ws_echo(socket: WebSocket) -> None:
    await socket.accept()
    async for message in socket.iter_text():
        await socket.send_text(message)


@app.websocket("/ws/closes/{code}")
async def ws_closes(socket: WebSocket, code: int) -> None:
    await socket.accept()
    await socket.send_text("bye")
    await socket.close(code)


@app.websocket("/ws/refuses")
async def ws_refuses(socket: WebSocket) -> None:
    await socket.close(1008)


@app.websocket("/ws/fails")
async def ws_fails(socket: WebSocket) -> None:
    await socket.accept()
    raise ValueError("seven")


async def refuse_too(request: Request, error: Exception) -> Response:
    """A handler of exceptions that fails itself."""
    raise RuntimeError("handler fails too")


strict = FastAPI(openapi_url=None, exception_handlers={Exception: refuse_too})
strict.get("/")(fails)


class Served:
    """The application, or the one whose handler of exceptions fails, and what can be asked for afterwards."""

    def __init__(self, *, traced: bool) -> None:
        self._traces: Any = []
        if traced:
            import otel_mlflow
            from otel_mlflow.testing import capture

            os.environ["OTEL_MLFLOW_TRACING__EXCLUDED_URLS"] = "^/witness"
            self._capture = capture()
            self._traces = self._capture.__enter__()
            for each in (app, strict):
                otel_mlflow.instrument(each)
        self._witness = Witness(self._choose)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/witness":
            body = json.dumps({"seen": self._witness.seen, "done": sorted(self._witness.done), "traces": self._told()})
            await Response(body, media_type="application/json")(scope, receive, send)
        else:
            await self._witness(scope, receive, send)

    async def _choose(self, scope: Any, receive: Any, send: Any) -> None:
        chosen = strict if scope["type"] == "http" and scope["path"].startswith("/strict") else app
        if chosen is strict:
            scope = {**scope, "path": "/"}
        await chosen(scope, receive, send)

    def _told(self) -> dict[str, list[Any]]:
        """What became of each request: how many traces, the outcome, the state and the route, by the case's name."""
        told: dict[str, list[Any]] = {}
        for trace in self._traces:
            tags, info = trace.info.tags, trace.info
            case = info.client_request_id or ""
            told.setdefault(case, []).append(
                [tags.get("otel_mlflow.outcome"), info.state.value, tags.get("http.route")]
            )
        return told


served = Served(traced=os.environ.get("TRACED") == "yes")
