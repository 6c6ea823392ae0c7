"""The way of one POST with one span through the package, on the request's thread alone.

`python -m benchmarks.request_path` prints how many functions it enters, in how many files, and how often the next
function entered is in another file than the one before: what a reader has to follow.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import httpx
import mlflow
from fastapi import FastAPI

import otel_mlflow
from otel_mlflow.testing import capture

PACKAGE = str(Path(otel_mlflow.__file__).parent)


class Entered(NamedTuple):
    """One function that was entered."""

    file: str
    function: str


def application() -> FastAPI:
    """One route, one span."""
    app = FastAPI()

    @app.post("/work")
    async def work(given: dict[str, str]) -> dict[str, str]:
        with mlflow.start_span("step"):
            return given

    otel_mlflow.instrument(app, otel_mlflow.Settings(tracing={"autolog": []}))
    return app


async def ask(app: FastAPI) -> None:
    """Send the request, in process."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        await client.post("/work", json={"question": "why"})


def record(run: Callable[[], Any]) -> list[Entered]:
    """The functions of the package that are entered on this thread, in order; comprehensions do not count."""
    entered: list[Entered] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE) and not code.co_name.startswith("<"):
            entered.append(Entered(code.co_filename.removeprefix(PACKAGE + "/"), code.co_name))

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return entered


def main() -> None:
    """Print the figures and the files."""
    with capture():
        app = application()
        asyncio.run(ask(app))
        way = record(lambda: asyncio.run(ask(app)))
        otel_mlflow.uninstrument(app)
    files = [entered.file for entered in way]
    changes = sum(before != after for before, after in itertools.pairwise(files))
    print(f"functions {len(set(way))}, calls {len(way)}, files {len(set(files))}, changes of file {changes}")
    for file in dict.fromkeys(files):
        print(f"  {file}: {files.count(file)} calls")


if __name__ == "__main__":
    main()
