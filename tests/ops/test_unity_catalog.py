"""Databricks SQL over the Unity Catalog view of traces gives the figures that the seed gives by hand.

The traces get there as they do in life: through the destination, over HTTP, into a workspace; its SQL warehouse is
Spark, which speaks the same dialect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow import Settings
from otel_mlflow.backends.databricks.credentials import WorkspaceCredentials
from otel_mlflow.backends.databricks.http import WorkspaceHttp
from otel_mlflow.delivery.destinations import destination_for
from otel_mlflow.errors import MisconfigurationError
from otel_mlflow.ops.index.entry import assessment
from otel_mlflow.ops.question import Question, question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.sources.catalog_relations import over
from otel_mlflow.ops.sources.databricks_sql import Warehouse
from otel_mlflow.ops.sources.statements import COMMENTS, FEEDBACK, TOTALS, parameters
from otel_mlflow.ops.summary import LISTS, Disclosure
from tests.ops import expected, seed, spark
from tests.ops.comparing import close, without
from tests.ops.conftest import EXPERIMENT, SEEDED
from tests.ops.variety import Assessment
from tests.servers.workspace import USER, Workspace
from tests.servers.workspace.statements import Statements

LOCATION = "spark_catalog.default.seeded"
TABLES = {"catalog": "spark_catalog", "schema": "default", "table_prefix": "seeded"}

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Spark."""
    with spark.session(tmp_path_factory.mktemp("warehouse")) as session:
        yield session


@pytest.fixture
def statements(engine: Any) -> Statements:
    """The warehouse."""
    return Statements(lambda statement, given: spark.execute(engine, statement, given))


@pytest.fixture
def workspace(
    engine: Any, statements: Statements, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Workspace]:
    """A workspace that has taken the seed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with Workspace(statements) as workspace:
        workspace.catalog.schemas.add("spark_catalog.default")
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)
        yield workspace


def settings(**tables: str) -> Settings:
    """Of an application that keeps its traces there."""
    return Settings(tracking_uri="databricks", experiment_name=f"/Users/{USER}/{EXPERIMENT}", unity_catalog=tables)


def test_every_figure(engine: Any, workspace: Workspace) -> None:
    """Of a day; of one user, the totals."""
    seed.fill(destination_for(settings(**TABLES)), SEEDED)
    spark.fill(engine, workspace, LOCATION)
    source = source_for(settings(**TABLES, sql_warehouse_id="a-warehouse"))
    found = source.summary(question_of({"window": "24h"}, seed.END)).to_dict(Disclosure())
    start, end = (expected.moment(found["window"][name]) for name in ("start", "end"))
    wanted = expected.figures(SEEDED, start, end, found["window"]["step_seconds"] * 1000)
    assert found["totals"] == close(wanted["totals"])
    for name in ("models", "tools", "spans"):
        # Here each call's duration is known exactly, elsewhere to 0.8 %.
        assert percentiles_taken_from(found[name]) == pytest.approx(percentiles_taken_from(wanted[name]), rel=0.008)
    assert {name: without(found[name], "url") for name in LISTS} == close({name: wanted[name] for name in LISTS})

    user = question_of({"window": "24h", "user": "ada@example.com"}, seed.END)
    totals = warehouse(workspace).rows(over(f"{LOCATION}_trace_unified", TOTALS), parameters(user))
    assert totals[0]["requests"] == next(r["requests"] for r in wanted["users"] if r["user"] == user.user) > 0


def test_feedback_is_read_as_elsewhere(engine: Any, workspace: Workspace) -> None:
    """Yes and no in any case are numbers, as true and false are; texts are what was written, without quotes."""
    values = (True, False, "yes", "No", "YES", 3, -0.5, 1e301, "true", "1", 'so "so"', "", ["a"], None)
    given = tuple(Assessment(f"{place}", value) for place, value in enumerate(values))
    seed.fill(destination_for(settings(**TABLES)), [replace(SEEDED[-1], given=given)])
    spark.fill(engine, workspace, LOCATION)
    asked = parameters(Question(SEEDED[-1].time_ms, seed.END))
    counted, comments = (
        warehouse(workspace).rows(over(f"{LOCATION}_trace_unified", statement), asked)
        for statement in (FEEDBACK, COMMENTS)
    )

    judged = [assessment(one.name, one.value) for one in given if one.value is not None]
    wanted = {one.name: (None if one.is_text else one.value, one.number) for one in judged}
    assert {row["name"]: (row["value"], row["total"]) for row in counted} == wanted
    assert {row["name"]: row["value"] for row in comments} == {one.name: one.value for one in judged if one.is_text}


def percentiles_taken_from(rows: list[dict[str, Any]]) -> list[float]:
    """All of them, in order; the rows are without them afterwards."""
    return [row.pop(name) for row in rows for name in ("p50_ms", "p95_ms", "p99_ms")]


def test_a_statement_may_take_longer_than_the_api_waits(workspace: Workspace, statements: Statements) -> None:
    """Its result is fetched later; numbers come as numbers, nulls as None."""
    statements.delayed = True
    asked = "SELECT :step AS whole, 0.5 AS fraction, CAST(NULL AS STRING) AS nothing, 'text' AS text"
    rows = warehouse(workspace).rows(asked, {"step": 7})
    assert rows == [{"whole": 7, "fraction": 0.5, "nothing": None, "text": "text"}]


def warehouse(workspace: Workspace) -> Warehouse:
    """The warehouse, as the source asks it."""
    credentials = WorkspaceCredentials.resolve("databricks")
    http = WorkspaceHttp(credentials, "databricks", connections=1, timeouts=(5.0, 60.0))
    return Warehouse(http, "a-warehouse", "Databricks")


def test_a_table_that_is_not_there_is_told_as_such(workspace: Workspace) -> None:
    """With the warehouse's own words."""
    other = {**TABLES, "table_prefix": "another"}
    destination = destination_for(settings(**other))
    destination.open()
    destination.close()
    source = source_for(settings(**other, sql_warehouse_id="a-warehouse"))
    with pytest.raises(MisconfigurationError, match="the warehouse says: "):
        source.summary(question_of({}, seed.END))
