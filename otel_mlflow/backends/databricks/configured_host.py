"""The workspace's host by the environment and the profile alone: no network, no SDK."""

from __future__ import annotations

import configparser
from pathlib import Path

from otel_mlflow.backends.databricks.credential_sources import DEFAULT_FILE, DEFAULT_PROFILE
from otel_mlflow.backends.databricks.credentials import profile_of
from otel_mlflow.settings.environment import text_of


def configured_host(tracking_uri: str) -> str:
    """The host that `databricks` or `databricks://profile` means, in the order in which databricks-sdk looks for it.

    Without a scheme; empty where neither the environment nor the profile names one.
    """
    host = text_of("DATABRICKS_HOST") or _host_of(profile_of(tracking_uri) or text_of("DATABRICKS_CONFIG_PROFILE"))
    return host.rpartition("://")[2].partition("/")[0].lower()


def _host_of(profile: str) -> str:
    parser = configparser.ConfigParser(interpolation=None, default_section=" ")
    try:
        parser.read(Path(text_of("DATABRICKS_CONFIG_FILE") or DEFAULT_FILE).expanduser())
        return parser.get(profile or DEFAULT_PROFILE, "host", fallback="").strip()
    except (configparser.Error, OSError, UnicodeError):
        return ""
