"""Settings as an object, and the defaults that are more than a word."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from otel_mlflow.settings import Settings, UnityCatalogSettings
from otel_mlflow.settings.defaults import EXCLUDED_URLS, state_folder
from otel_mlflow.settings.model import keys
from otel_mlflow.settings.sources import variable
from tests.unit.settings.files import problem


def test_frozen() -> None:
    """Settings are read once; nobody changes them under way."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().strict = True  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        Settings().tracing.enabled = False  # type: ignore[misc]


def test_pickled() -> None:
    """They can be handed to another process, with where they came from."""
    settings = Settings(unity_catalog=UnityCatalogSettings(catalog="main", schema="traces"))
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301


def test_variable_of_every_key_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment can say all that can be said."""
    for key in keys():
        monkeypatch.setenv(variable(key), "[")
    lines = problem().splitlines()
    assert all(line.startswith("environment OTEL_MLFLOW_") for line in lines)


def test_import_is_light() -> None:
    """Reading settings brings in neither MLflow nor the OpenTelemetry SDK."""
    program = (
        "import sys, otel_mlflow.settings\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'mlflow', 'opentelemetry', 'databricks'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "url",
    [
        "/health", "/healthz", "/api/health", "/health/live", "/readyz", "/metrics", "/ops", "/ops/api/summary",
        "/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc", "/favicon.ico", "http://host:80/docs",
        "https://host/ops/",
    ],
)  # fmt: skip
def test_excluded(url: str) -> None:
    """Probes, the documentation's pages and the dashboard leave no traces."""
    assert any(re.search(pattern, url) for pattern in EXCLUDED_URLS)


@pytest.mark.parametrize(
    "url",
    ["/", "/api/chat", "/api/docs/7", "/devops", "/healthcare", "/users/metrics", "/opsdesk", "/health/report"],
)
def test_not_excluded(url: str) -> None:
    """What only looks like them is traced."""
    assert not any(re.search(pattern, url) for pattern in EXCLUDED_URLS)


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"XDG_STATE_HOME": "/state"}, "linux", "/state"),
        ({"XDG_STATE_HOME": "relative"}, "linux", "~/.local/state"),
        ({}, "darwin", "~/.local/state"),
        ({}, "win32", "~/AppData/Local"),
        ({"LOCALAPPDATA": "/appdata"}, "win32", "/appdata"),
    ],
)
def test_state_folder(environ: dict[str, str], platform: str, expected: str) -> None:
    """Where state goes follows the rules of each platform."""
    assert state_folder(environ, platform) == Path(expected).expanduser()
