"""Who sees the dashboard at /ops: whoever has its token, and without one only this machine itself."""

from __future__ import annotations

import ipaddress

from fastapi import HTTPException, Request
from starlette.types import ASGIApp

import otel_mlflow
from app.settings import AppSettings
from otel_mlflow import ops

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-email", "x-forwarded-user", "via")
ONLY_HERE = "The dashboard is open to this machine alone. Set SLIDES_OPS_TOKEN to see it from elsewhere."


def dashboard(tracing: otel_mlflow.Tracing, settings: AppSettings) -> ASGIApp:
    """The dashboard, guarded; whoever may see it is told who used how many tokens (`/ops/api/summary`, `users`)."""
    if token := settings.ops_token.get_secret_value():
        return ops.app(tracing, token=token, show_users=True)
    return ops.app(tracing, guard=_require_loopback, show_users=True)


def _require_loopback(request: Request) -> bool:
    """A proxy on this machine speaks for somebody elsewhere, and says so."""
    if not _is_loopback(request) or any(name in request.headers for name in _FORWARDED):
        raise HTTPException(403, ONLY_HERE)
    return True


def _is_loopback(request: Request) -> bool:
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
