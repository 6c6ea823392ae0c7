"""The app under test: no network, no tracing, everything that it keeps in the test's own folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

import otel_mlflow
from app.application import create_app, untraced_app
from app.settings import AppSettings
from app.workspace import Workspace


@pytest.fixture
def settings(tmp_path: Path) -> AppSettings:
    """The bundled settings, with a store of the test's own."""
    return AppSettings(database=tmp_path / "slides.db")


@pytest.fixture
def app(settings: AppSettings, tmp_path: Path) -> FastAPI:
    """The app with its own settings, and no tracing."""
    tracing = {"tracing": {"enabled": False}, "delivery": {"spool_dir": str(tmp_path / "spool")}}
    return create_app(settings, tracing=otel_mlflow.Settings.model_validate(tracing))


@pytest.fixture
async def again(settings: AppSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another app over the same file, as after a restart, or of another worker."""
    transport = httpx.ASGITransport(untraced_app(settings, Workspace()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that gets a 500 as an answer, as it would over the network."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
