"""Liveness, and how the tracing is doing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

import otel_mlflow
from app.api.dependencies import ServicesDep
from app.shapes import HealthShape, TracingStatusShape

router = APIRouter(tags=["status"])


@router.get("/api/health")
async def health(services: ServicesDep) -> HealthShape:
    """Whether the process answers, and what answers questions; asks nobody."""
    return HealthShape(status="ok", mode=services.settings.mode)


@router.get("/api/tracing/status", response_model=TracingStatusShape)
def tracing_status(request: Request) -> dict[str, Any]:
    """The tracing status as `otel_mlflow` gives it; in a thread, for it looks into the spool."""
    tracing: otel_mlflow.Tracing | None = request.app.state.tracing
    return tracing.status().to_dict() if tracing else {"state": "disabled", "reason": "nothing is instrumented"}
