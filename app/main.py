"""`uvicorn app.main:app`: the application with the settings of this machine."""

from __future__ import annotations

from app.application import create_app

app = create_app()
