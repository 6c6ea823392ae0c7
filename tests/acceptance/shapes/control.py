"""What the tests ask of the app under test, outside any trace."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from opentelemetry import context

import otel_mlflow

PREFIX = "/control/"


def add_control(app: FastAPI, tracing: otel_mlflow.Tracing) -> None:
    """Serve `/control/…`."""
    router = APIRouter(prefix="/control")

    @router.post("/flush")
    def flush() -> bool:
        """Whether all that has ended so far is in MLflow."""
        flushed: bool = tracing.flush(timeout=20)
        return flushed

    @router.get("/status")
    def status() -> object:
        return tracing.status()

    @router.get("/context")
    async def outside_context() -> list[str]:
        """The names of what is in the OpenTelemetry context of a request that is not traced."""
        return [str(key) for key in context.get_current()]

    app.include_router(router)
