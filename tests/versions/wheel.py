"""The wheel on another Python: installed into an empty environment, in the locked versions, and used."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from tests.manual.released import build, install
from tests.servers.process import clean_environment

TIMEOUT = 300
"""Seconds for a program that has to import MLflow for the first time, on a busy machine."""

PROGRAM = """
import asyncio, fastapi, mlflow, otel_mlflow

app = fastapi.FastAPI()

@app.get("/")
async def hello():
    with mlflow.start_span("work"):
        return "hello"

async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}

async def send(message):
    pass

tracing = otel_mlflow.instrument(app)
scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": []}
asyncio.run(app(scope, receive, send))
assert tracing.flush(60), tracing.status()
tracing.shutdown()
mlflow.set_tracking_uri("sqlite:///mlflow.db")
(trace,) = mlflow.search_traces(locations=["1"], return_type="list")
assert sorted(span.name for span in trace.data.spans) == ["GET /", "work"], trace
print(otel_mlflow.__file__)
"""


def trouble_with_wheel(folder: Path, interpreter: str) -> str | None:
    """What is wrong where the wheel serves a request and delivers its trace to a local store; None if nothing is."""
    with tempfile.TemporaryDirectory() as place:
        try:
            environment = install(build(Path(place)), folder, interpreter)
        except subprocess.SubprocessError as error:
            return f"the wheel cannot be installed ({error})"
        settings = {"OTEL_MLFLOW_TRACKING_URI": "sqlite:///mlflow.db", "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": "spool"}
        done = subprocess.run(
            [environment / "bin" / "python", "-c", PROGRAM],
            cwd=place,
            env=clean_environment({**settings, "PATH": os.defpath}),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
    if done.returncode:
        return f"the wheel does not serve: {done.stderr.strip().splitlines()[-1]}"
    is_installed = done.stdout.strip().startswith(str(folder))
    return None if is_installed else f"another package than the wheel's was used: {done.stdout.strip()}"
