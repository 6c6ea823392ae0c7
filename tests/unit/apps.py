"""Small applications, and the ways in which they open spans."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import mlflow
from fastapi import FastAPI
from mlflow.entities import LiveSpan
from opentelemetry import trace


def span(name: str) -> AbstractContextManager[LiveSpan]:
    """An MLflow span, as application code opens it."""
    return mlflow.start_span(name)


def raw(name: str) -> AbstractContextManager[trace.Span]:
    """An OpenTelemetry span, as an instrumented library opens it, which has never heard of MLflow."""
    return trace.get_tracer("a.library").start_as_current_span(name)


def app_of(handler: Callable[..., Any], path: str = "/", **options: Any) -> FastAPI:
    """A FastAPI application with one route."""
    app = FastAPI(**options)
    app.get(path)(handler)
    return app
