"""Trying the statements for an SQLite store on empty tables, such as the MLflow that is installed makes them."""

from __future__ import annotations

import importlib
import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import Any

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.ops.feeds import sqlite_store

INTEGRATION = "ops_sqlite_schema"

_TABLES = ("experiments", "trace_info", "trace_tags", "trace_request_metadata", "assessments", "spans")


def is_known() -> bool:
    """Whether an SQLite store can be read where it lies. If not, the integration is left out, and says why."""
    if INTEGRATIONS.works(INTEGRATION) and (failure := _failure()) is not None:
        INTEGRATIONS.fail(INTEGRATION, failure)
    return INTEGRATIONS.works(INTEGRATION)


def _failure() -> str | None:
    models: Any = importlib.import_module("mlflow.store.tracking.dbmodels.models")
    tables = models.Base.metadata.tables
    try:
        with closing(sqlite3.connect(":memory:")) as db:
            for name in _TABLES:
                db.execute(f"CREATE TABLE {name} ({', '.join(tables[name].columns.keys())})")
            _ask_all(db)
    except (sqlite3.Error, LookupError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _ask_all(db: sqlite3.Connection) -> None:
    """In the order of a page: some read what the one before has chosen."""
    given: defaultdict[str, object] = defaultdict(int)
    page = (sqlite_store.PAGE, sqlite_store.TAGS, sqlite_store.METADATA, sqlite_store.ASSESSMENTS)
    db.execute("CREATE TEMP TABLE wanting (trace_id TEXT PRIMARY KEY)")
    for statement in (sqlite_store.EXPERIMENT, sqlite_store.TALLIES, sqlite_store.ASSESSED, *page, sqlite_store.SPANS):
        db.execute(statement, given)
