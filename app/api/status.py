"""Liveness, and how the tracing is doing."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

import otel_mlflow

router = APIRouter()


@router.get("/api/health")
async def health() -> dict[str, str]:
    """Whether the process answers; asks nobody."""
    return {"status": "ok"}


@router.get("/api/tracing/status")
def tracing_status(request: Request) -> dict[str, Any]:
    """The tracing status as `otel_mlflow` gives it; in a thread, for it looks into the spool."""
    tracing: otel_mlflow.Tracing = request.app.state.tracing
    return tracing.status().to_dict()
