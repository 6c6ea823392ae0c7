"""The application, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers

import otel_mlflow
from app import page
from app.agent.choose import agent_for
from app.api import chat, docs, errors, feedback, jobs, sessions, slides, status, stream
from app.api.dashboard import dashboard
from app.api.openapi import EVERYWHERE, TAGS
from app.api.request_id import IdentifiedApp
from app.api.users import read_user
from app.services import Services, services_for
from app.settings import AppSettings
from app.workspace import Workspace

MODEL_THREADS = 64
"""How many calls of a model that blocks may wait side by side."""

_ROUTES = (chat, stream, jobs, sessions, slides, feedback, status, docs, page)


def create_app(settings: AppSettings | None = None, tracing: otel_mlflow.Settings | None = None) -> FastAPI:
    """Build the application, traced. What is not given comes from config/ and the environment."""
    settings, workspace = settings or AppSettings(), Workspace()
    app = untraced_app(settings, workspace)
    traced = otel_mlflow.instrument(app, tracing, experiment_for=_experiments(settings.user_experiment))
    app.state.tracing = traced
    services: Services = app.state.services
    services.feedback.tracking_uri = services.lost_traces.tracking_uri = lambda: traced.settings.tracking_uri
    workspace.tracking_uri = traced.settings.tracking_uri or ""
    app.mount("/ops", dashboard(traced, settings))
    return app


def untraced_app(settings: AppSettings, workspace: Workspace) -> FastAPI:
    """The same without `instrument()`."""
    app = IdentifiedApp(
        title="Slide agent",
        lifespan=_live,
        responses=EVERYWHERE,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services_for(settings, agent_for(settings, workspace))
    app.state.tracing = None
    for part in _ROUTES:
        app.include_router(part.router)
    app.mount("/page", page.files)
    app.mount(docs.FILES, docs.files)
    errors.answer_in_json(app)
    return app


@asynccontextmanager
async def _live(app: FastAPI) -> AsyncGenerator[None, None]:
    """Deal with what workers before us left; leave nothing running."""
    services: Services = app.state.services
    # LangChain calls what is not asynchronous in the loop's own threads, of which there are but a few.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(MODEL_THREADS, "slides-model"))
    await services.jobs.recover()
    yield
    await services.running.stop()
    await services.feedback.stop()
    await services.lost_traces.stop()


def _experiments(template: str) -> Callable[[MutableMapping[str, Any]], str | None] | None:
    """Each user's own experiment, by the headers of the request."""
    if not template:
        return None

    def experiment_of(scope: MutableMapping[str, Any]) -> str | None:
        user = read_user(Headers(scope=scope))
        return template.replace("{user}", user) if user else None

    return experiment_of
