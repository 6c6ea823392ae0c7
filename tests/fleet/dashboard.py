"""The dashboard over the whole fleet, on a host of its own."""

from __future__ import annotations

from fastapi import FastAPI

import otel_mlflow
from otel_mlflow import ops

app = FastAPI()
tracing = otel_mlflow.instrument(app)
app.mount("/ops", ops.app(tracing))
"""Without a token only this machine is served."""
