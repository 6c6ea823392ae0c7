"""`uvicorn app.main:app`: the application with the settings of this machine."""

from __future__ import annotations

import logging

from app.application import create_app
from app.environment import load_env_file
from app.logs import configure_logging
from app.settings import CONFIG, AppSettings

env_file = load_env_file()
configure_logging(CONFIG / "logging.yaml")
settings = AppSettings()
logging.getLogger("app").info("Slide agent: %s; %s; sessions in %s", settings.mode, env_file, settings.database)
app = create_app(settings)
