"""The application, put together."""

from __future__ import annotations

from fastapi import FastAPI

import otel_mlflow
from app import page
from app.api import chat, errors, status
from app.api.request_id import IdentifiedApp
from app.services import embedded
from app.settings import AppSettings


def create_app(settings: AppSettings | None = None, tracing: otel_mlflow.Settings | None = None) -> FastAPI:
    """Build the application. What is not given comes from config/ and the environment."""
    app = IdentifiedApp(title="Slide agent")
    app.state.services = embedded(settings or AppSettings())
    app.include_router(chat.router)
    app.include_router(status.router)
    app.include_router(page.router)
    errors.answer_in_json(app)
    app.state.tracing = otel_mlflow.instrument(app, tracing)
    return app
