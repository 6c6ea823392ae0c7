"""The `.env` file and the log, as the app sets them up."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from app.environment import FILE, load_env_file
from app.logs import WithTraceId, configure_logging
from app.settings import CONFIG


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, and an environment that is put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return tmp_path


def test_the_file_is_loaded_and_the_environment_wins(folder: Path) -> None:
    """What was set stays; what was not is set; both are told by name."""
    (folder / ".env").write_text("DATABRICKS_HOST=https://there\nDATABRICKS_TOKEN=hidden\n")
    os.environ["DATABRICKS_HOST"] = "https://here"
    os.environ.pop("DATABRICKS_TOKEN", None)
    said = str(load_env_file())
    assert (os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]) == ("https://here", "hidden")
    assert said == f".env loaded from {folder / '.env'}: DATABRICKS_TOKEN (set already: DATABRICKS_HOST)"


def test_no_secret_is_said(folder: Path) -> None:
    """Names only."""
    (folder / ".env").write_text("A_TOKEN=hidden\n")
    assert "hidden" not in str(load_env_file()) + repr(load_env_file())


def test_a_file_can_be_named_and_refused(folder: Path) -> None:
    """SLIDES_ENV_FILE names another; empty, it keeps all of them out."""
    (folder / ".env").write_text("WHICH=this\n")
    (folder / "other").write_text("WHICH=other\n")
    os.environ[FILE] = ""
    assert str(load_env_file()) == "no .env"
    os.environ[FILE] = str(folder / "other")
    load_env_file()
    assert os.environ["WHICH"] == "other"


def test_the_log_is_set_up_as_the_file_says() -> None:
    """The app's own lines are seen; outside a request they name no trace."""
    logger = logging.getLogger("app")
    try:
        configure_logging(CONFIG / "logging.yaml")
        (handler,) = logger.handlers
        record = logger.makeRecord("app", logging.INFO, __file__, 1, "Hello", (), None)
        assert isinstance(handler.filters[0], WithTraceId)
        assert handler.filter(record)
        assert handler.format(record) == "INFO: app: Hello"
    finally:
        for name in ("app", "otel_mlflow"):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True
            logging.getLogger(name).setLevel(logging.NOTSET)
