"""The defaults that are more than a word or a number."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

EXCLUDED_URLS = (
    r"/(health(z|check)?(/(live|ready))?|livez|readyz)/?$",
    # Only at the root of the host: /api/docs may well be somebody's documents.
    r"^(https?://[^/]+)?/(metrics|ops|docs|redoc)(/|$)",
    r"/openapi\.json$",
    r"/favicon\.ico$",
)
"""Regular expressions, searched in the path or the whole URL of a request; what they find is not traced."""

REDACT_KEYS = ("default",)
"""Names whose values never leave the process; `otel_mlflow.content.names` has the rules by which they match."""


ERROR_OBJECTIVE = 0.99
"""The share of requests that is to succeed: the objective of the alerts in config/prometheus, too."""

DATABRICKS_APP = ("DATABRICKS_APP_NAME", "DATABRICKS_APP_PORT")
"""Variables that Databricks Apps sets for the applications that it runs, behind a proxy that names the user."""


def user_headers() -> list[str]:
    """Say which request headers name a user: the one that the proxy in front of us sets, if there is such a proxy."""
    return ["X-Forwarded-Email"] if any(os.environ.get(name) for name in DATABRICKS_APP) else []


def spool_folder() -> Path:
    """Say where this user's undelivered traces live, on this machine."""
    return state_folder(os.environ, sys.platform) / "otel-mlflow"


def state_folder(environ: Mapping[str, str], platform: str) -> Path:
    """Say where programs keep state of a user that should survive a restart: the XDG base directories' rule.

    On Windows it is %LOCALAPPDATA%.
    """
    name, fallback = (
        ("LOCALAPPDATA", "~/AppData/Local") if platform == "win32" else ("XDG_STATE_HOME", "~/.local/state")
    )
    named = Path(environ.get(name, ""))
    # The XDG rule: a relative path is to be ignored.
    return named if named.is_absolute() else Path(os.path.expanduser(fallback))  # noqa: PTH111, unlike Path's never raises
