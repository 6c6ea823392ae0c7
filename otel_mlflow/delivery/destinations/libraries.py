"""The libraries that backends are reached with, imported before a request is served.

Two threads that import one large library at once may each find it half done. A request, or a library that it uses,
would fail with an `AttributeError`, and so would all later ones. A process that is forked while our thread imports a
module has it half done for good, so our own destinations are among them.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from otel_mlflow.delivery.destinations import DATABRICKS
from otel_mlflow.guard import attempt

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings


def import_libraries(settings: Settings) -> None:
    """Import those that these settings lead to; one that is missing or fails is told where it is used."""
    import_modules(_modules(settings))


def import_modules(names: Iterable[str]) -> None:
    """Import what can be had of these modules. What they warn of is not the application's to see, or to fail of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            attempt(importlib.import_module, name)


_DESTINATIONS = ("collector", "collector_beside_mlflow", "databricks", "mlflow_server", "tracking_store")


def _modules(settings: Settings) -> Iterator[str]:
    yield from (f"otel_mlflow.delivery.destinations.{name}" for name in _DESTINATIONS)
    uri = settings.tracking_uri or ""
    if settings.tracing.backend == "otlp" or uri.startswith(("http://", "https://")):
        return
    if settings.tracing.backend == DATABRICKS or uri.startswith(DATABRICKS):
        yield "databricks.sdk"
        return
    yield from ("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.tracking.sqlalchemy_workspace_store")
    yield from ("alembic.command", "alembic.config", f"sqlalchemy.dialects.{uri.partition(':')[0].partition('+')[0]}")
