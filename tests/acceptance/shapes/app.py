"""All families in one app, instrumented in one line; or not at all, with SHAPES_UNTRACED set."""

from __future__ import annotations

import os

from fastapi import FastAPI

import otel_mlflow
from tests.acceptance.apps.control import Control
from tests.acceptance.shapes import failures, middlewares, mounts
from tests.acceptance.shapes.catalogue import FAMILIES

app = FastAPI(title="shapes")
for family in FAMILIES:
    app.include_router(family.router)
failures.add_exception_handler(app)
mounts.mount_all(app)

middlewares.add_before(app)
tracing = otel_mlflow.instrument(app) if "SHAPES_UNTRACED" not in os.environ else None
middlewares.add_after(app)
served = Control(app, tracing)
