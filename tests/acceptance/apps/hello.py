"""The smallest app, instrumented in one line, as a newcomer writes it."""

from __future__ import annotations

from fastapi import FastAPI

import otel_mlflow

app = FastAPI()


@app.get("/hello")
def hello() -> str:
    return "hello"


otel_mlflow.instrument(app)
