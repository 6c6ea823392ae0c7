"""The app as a server for tests: `held` has a model that waits until somebody posts to /control/go."""

from __future__ import annotations

from fastapi import FastAPI

from app.agent.agent import slide_agent
from app.application import create_app
from app.data.genie import EmbeddedSpace
from app.settings import AppSettings
from tests.app.models import held as held_model
from tests.app.models import scripted, speak


def _with_control() -> FastAPI:
    settings, model = AppSettings(), held_model()
    app = create_app(settings)
    speak(app, settings, slide_agent(model, {"": EmbeddedSpace()}))

    async def is_reached() -> bool:
        return model.reached.is_set()

    async def go() -> None:
        model.released.set()

    app.get("/control/reached")(is_reached)
    app.post("/control/go")(go)
    return app


def _failing() -> FastAPI:
    settings = AppSettings()
    app = create_app(settings)
    speak(app, settings, scripted("<!DOCTYPE html><p>Sorry</p>"))
    return app


def __getattr__(name: str) -> FastAPI:
    """Build only the app that is asked for: each one that is instrumented delivers."""
    made = {"held": _with_control, "failing": _failing}.get(name)
    if made is None:
        raise AttributeError(name)
    app = globals()[name] = made()
    return app
