"""An application in which the user interface that MOUNTED names is mounted; with us as well if TRACED is `yes`."""

from __future__ import annotations

import os

import mlflow
from fastapi import FastAPI

import otel_mlflow
from tests.neighbours.mounted import MOUNTED

app = FastAPI(openapi_url=None)


@app.get("/beside/{name}")
def beside(name: str) -> str:
    with mlflow.start_span("work"):
        return name


MOUNTED[os.environ["MOUNTED"]](app)
if os.environ["TRACED"] == "yes":
    otel_mlflow.instrument(app)
