"""What tracing costs a request where an application has few routes, and where it has many.

Hits, addresses that there are not, and browsers' preflight requests, against FastAPI with a CORS middleware, in one
process and without any server. Part of `python -m benchmarks.overhead`; alone: `python -m benchmarks.routes 10 2000`.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware

import otel_mlflow
from otel_mlflow.testing import capture

ROUNDS = 150
KINDS = {"hit": ("GET", "/v/r0/1"), "404": ("GET", "/v/nowhere"), "preflight": ("OPTIONS", "/v/r0/1")}
ORIGIN = [(b"host", b"h"), (b"origin", b"http://x"), (b"access-control-request-method", b"GET")]


def print_table(routes: list[int]) -> None:
    """Print what a request takes, for each number of routes."""
    print(f"\nBy the number of routes, the fastest tenth of {ROUNDS}")
    print(f"{'':<24}{'untraced µs':>12}{'traced µs':>11}{'added µs':>10}")
    for number in routes:
        measured = {traced: asyncio.run(_measure(number, traced=traced)) for traced in (False, True)}
        for kind in KINDS:
            before, after = measured[False][kind], measured[True][kind]
            print(f"{number:>7,} routes, {kind:<9}{before:>12.0f}{after:>11.0f}{after - before:>10.0f}")


async def _measure(number: int, *, traced: bool) -> dict[str, float]:
    app = _application(number)
    if not traced:
        return {kind: await _fastest(app, *request) for kind, request in KINDS.items()}
    # The settings of this folder leave out requests in which nothing but HTTP happens.
    otel_mlflow.instrument(app, otel_mlflow.Settings(tracing={"http_only_traces": "keep"}))
    with capture() as traces:
        found = {kind: await _fastest(app, *request) for kind, request in KINDS.items()}
        assert len(traces) == len(KINDS) * (ROUNDS + 1)
    otel_mlflow.uninstrument(app)
    return found


def _application(number: int) -> FastAPI:
    app, router = FastAPI(openapi_url=None), APIRouter()
    for route in range(number):
        router.add_api_route(f"/r{route}/{{key}}", lambda key: key)
    app.include_router(router, prefix="/v")
    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    return app


async def _fastest(app: FastAPI, method: str, path: str) -> float:
    """Microseconds that nine of ten requests exceed, for machines are busy; the first builds what the others find."""
    return statistics.quantiles([await _request(app, method, path) for _ in range(ROUNDS + 1)][1:], n=10)[0]


async def _request(app: FastAPI, method: str, path: str) -> float:
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(ORIGIN),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    before = time.perf_counter()
    await app(scope, receive, send)
    return (time.perf_counter() - before) * 1_000_000


if __name__ == "__main__":
    print_table([int(number) for number in sys.argv[1:]] or [10, 2000])
