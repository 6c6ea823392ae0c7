"""Which MLflow a tracking server is."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version

from otel_mlflow.backends.response import Response

PATH = "/version"
"""Where a server tells its version to everybody (`mlflow.server.version`)."""

LONGEST = 50
"""Bytes."""


def version_in(response: Response) -> Version | None:
    """The version; None where it is no MLflow server that answered."""
    try:
        return Version(response.body[:LONGEST].decode("latin-1")) if response.status == 200 else None
    except InvalidVersion:
        return None
