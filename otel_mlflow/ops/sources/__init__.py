"""Where the figures come from, and which source the settings mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from otel_mlflow.delivery.destinations import display_backend, experiment_name, resolve_defaults
from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.sources.base import Source, Wanted

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings

SQLITE = "sqlite:///"


def source_for(settings: Settings) -> Source:
    """The source that the settings mean. Raises `MisconfigurationError` for a backend that cannot be asked."""
    from otel_mlflow.ops.sources.mlflow_server import MlflowServer
    from otel_mlflow.ops.sources.sqlite_store import SqliteStore
    from otel_mlflow.ops.sources.unity_catalog import UnityCatalog

    settings = resolve_defaults(settings)
    uri = settings.tracking_uri or ""
    wanted = Wanted(experiment_name(settings), settings.experiment_id)
    if uri.startswith(SQLITE):
        path = Path(unquote(uri.removeprefix(SQLITE).partition("?")[0]))
        return SqliteStore(path, wanted)
    if uri.startswith(("http://", "https://")):
        return MlflowServer(uri, wanted)
    if uri.startswith("databricks"):
        return UnityCatalog(uri, wanted, settings.unity_catalog)
    raise MisconfigurationError(
        f"{display_backend(settings) or 'a collector'} cannot be asked for figures",
        "point tracking_uri at an MLflow server, a sqlite:/// database or databricks; /metrics and /status do without",
    )
