"""Apps of three frameworks that know nothing of us."""

from __future__ import annotations

import litestar
import mlflow
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route


def work() -> str:
    with mlflow.start_span("work"):
        return "done"


fastapi = FastAPI()
inner = FastAPI()
fastapi.mount("/inner", inner)


@fastapi.get("/hello/{name}")
def hello(name: str) -> str:
    return work()


@inner.get("/hello/{name}")
def inner_hello(name: str) -> str:
    return work()


def thing(request: Request) -> PlainTextResponse:
    return PlainTextResponse(work())


starlette = Starlette(routes=[Route("/hello/{name}", thing), Mount("/inner", routes=[Route("/hello/{name}", thing)])])


@litestar.get("/hello/{name:str}")
async def litestar_hello() -> str:
    return work()


@litestar.get("/inner/hello/{name:str}")
async def litestar_inner_hello() -> str:
    return work()


litestar_app = litestar.Litestar([litestar_hello, litestar_inner_hello])
