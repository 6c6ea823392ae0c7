"""Where the figures come from, and which source the settings mean."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from otel_mlflow.delivery.destinations import destination_key, display_backend, experiment_name, resolve_defaults
from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.feeds.base import Feed
from otel_mlflow.ops.sources.base import Source, Wanted

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings

SQLITE = "sqlite:///"
DATABASES = ("sqlite:", "postgresql:", "postgresql+", "mysql:", "mysql+", "mssql:", "mssql+")


PATIENCE = 8.0
"""Seconds that a question waits for its window to be read; what is not read by then is read after that."""


def source_for(settings: Settings, *, patience: float = PATIENCE) -> Source:
    """The source that the settings mean. Raises `MisconfigurationError` for a backend that cannot be asked."""
    from otel_mlflow.ops.sources.unity_catalog import UnityCatalog

    settings = resolve_defaults(settings)
    wanted = Wanted(experiment_name(settings), settings.experiment_id)
    uri = settings.tracking_uri or ""
    if not has_index(settings):
        return UnityCatalog(uri, wanted, settings.unity_catalog)
    if find_spec("numpy") is None:
        raise MisconfigurationError("the dashboard's figures need numpy", "pip install 'otel-mlflow[ops]'")
    from otel_mlflow.ops.sources.indexed import IndexedSource

    return IndexedSource(index_path(settings), _feed_maker(settings, uri, wanted), patience)


def has_index(settings: Settings) -> bool:
    """Whether figures are counted on this host, and not by Databricks SQL in the tables of Unity Catalog.

    `settings` are resolved, as delivery's are.
    """
    return not ((settings.tracking_uri or "").startswith("databricks") and settings.unity_catalog.catalog is not None)


def index_path(settings: Settings) -> Path:
    """Where the processes of this host keep what they know of the traces: beside the spool, apart for each service."""
    name = f"{settings.service_name}\n{destination_key(settings)}"
    return settings.delivery.spool_dir / "ops" / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.db"


def _feed_maker(settings: Settings, uri: str, wanted: Wanted) -> Callable[[], Feed]:
    from otel_mlflow.ops.feeds import connecting, sqlite_schema
    from otel_mlflow.ops.feeds.search import KnownScopes, SearchFeed
    from otel_mlflow.ops.feeds.sqlite_store import SqliteFeed

    service, known = settings.service_name, KnownScopes()
    if uri.startswith(SQLITE) and sqlite_schema.is_known():
        path = Path(unquote(uri.removeprefix(SQLITE).partition("?")[0]))
        return partial(SqliteFeed, path, wanted, service)
    if uri.startswith(("http://", "https://")):
        return partial(SearchFeed, "MLflow server", partial(connecting.to_server, uri, wanted), service, known)
    if uri.startswith("databricks"):
        return partial(SearchFeed, "Databricks", partial(connecting.to_workspace, uri, wanted), None, known)
    if uri.startswith(DATABASES):
        return partial(SearchFeed, "database", partial(connecting.to_database, uri, wanted), service, known)
    raise MisconfigurationError(
        f"{display_backend(settings) or 'a collector'} cannot be asked for figures",
        "point tracking_uri at an MLflow server, a database or databricks; /metrics and /status do without",
    )
