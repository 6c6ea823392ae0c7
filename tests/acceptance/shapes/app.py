"""All families in one app, instrumented in one line; or not at all, with SHAPES_UNTRACED set."""

from __future__ import annotations

import os

from fastapi import FastAPI

import otel_mlflow
from tests.acceptance.shapes import control, failures, gates, mounts
from tests.acceptance.shapes.catalogue import FAMILIES

app = FastAPI(title="shapes")
for family in FAMILIES:
    app.include_router(family.router)
app.include_router(gates.router)
failures.add_exception_handler(app)
mounts.mount_all(app)

if "SHAPES_UNTRACED" not in os.environ:
    control.add_control(app, otel_mlflow.instrument(app))
