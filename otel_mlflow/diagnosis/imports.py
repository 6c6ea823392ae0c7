"""The libraries that checks work with, imported before the first of them needs one.

Importing takes a second or two, many on a busy machine: no check is to be given up for that.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from otel_mlflow.diagnosis.probes import databricks_uri
from otel_mlflow.integrations import TABLE

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings


def import_libraries(settings: Settings) -> None:
    """Import those that these settings lead to; what is missing is for the checks to tell."""
    for name in (*_modules(settings), *(row.module for each in TABLE.values() for row in each.names)):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _modules(settings: Settings) -> Iterator[str]:
    yield "mlflow"
    if databricks_uri(settings) is not None:
        yield "databricks.sdk.config"
    elif settings.tracing.backend != "otlp" and not (settings.tracking_uri or "").startswith("http"):
        yield "mlflow.store.tracking.sqlalchemy_store"
