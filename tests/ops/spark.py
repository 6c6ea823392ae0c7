"""Spark in local mode, and the view of traces that Databricks keeps, filled from what the workspace has taken."""

from __future__ import annotations

import importlib
import json
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.servers.workspace import Workspace
from tests.servers.workspace.statements import Result

VIEW = """
    trace_id STRING, client_request_id STRING, request_time TIMESTAMP, state STRING,
    execution_duration_ms DECIMAL(30, 9), request STRING, response STRING,
    trace_metadata MAP<STRING, STRING>, tags MAP<STRING, STRING>,
    spans ARRAY<STRUCT<
        trace_id: STRING, span_id: STRING, parent_span_id: STRING, name: STRING, start_time_unix_nano: BIGINT,
        end_time_unix_nano: BIGINT, attributes: MAP<STRING, STRING>, status: STRUCT<message: STRING, code: STRING>>>,
    assessments ARRAY<STRUCT<
        assessment_id: STRING, trace_id: STRING, assessment_name: STRING,
        feedback: STRUCT<value: STRING>, rationale: STRING, valid: STRING>>
"""
"""`trace_unified` as published, without the columns that say nothing here."""


@contextmanager
def session(folder: Path) -> Iterator[Any]:
    """A session; the test is skipped where Java or PySpark is missing."""
    if shutil.which("java") is None:
        pytest.skip("needs java on the PATH")
    sql = pytest.importorskip("pyspark.sql", reason="needs pyspark")
    builder = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    for name, value in {
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(folder),
        "spark.driver.memory": "1g",
        # For a few hundred rows, compiling a query takes longer than running it as it is.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        # PySpark's own.
        warnings.simplefilter("ignore")
        spark = builder.getOrCreate()
        yield spark
        spark.stop()


def execute(spark: Any, statement: str, parameters: dict[str, Any]) -> Result:
    """Run a statement. Raises `ValueError` with Spark's words for one that fails."""
    errors = importlib.import_module("pyspark.errors")
    try:
        frame = spark.sql(statement, args=parameters)
        return [(field.name, field.dataType.typeName()) for field in frame.schema.fields], frame.collect()
    except errors.PySparkException as error:
        raise ValueError(str(error).splitlines()[0]) from error


def fill(spark: Any, workspace: Workspace, location: str) -> None:
    """Make the view of a location as a table, of the spans and infos that came over HTTP."""
    rows = [
        _row(trace_id, info, workspace.catalog.spans_of(location, trace_id))
        for trace_id, info in workspace.catalog.infos[location].items()
    ]
    frame = spark.createDataFrame(rows, schema=VIEW)
    frame.write.mode("overwrite").saveAsTable(f"{location.split('.', 1)[1]}_trace_unified")


def _row(trace_id: str, info: dict[str, Any], spans: list[dict[str, Any]]) -> tuple[Any, ...]:
    return (
        trace_id,
        info.get("client_request_id"),
        datetime.fromisoformat(info["request_time"].replace("Z", "+00:00")),
        info["state"],
        Decimal(info["execution_duration"].removesuffix("s")) * 1000,
        info.get("request_preview"),
        info.get("response_preview"),
        info.get("trace_metadata", {}),
        info.get("tags", {}),
        [_span(span) for span in spans],
        [_assessment(each) for each in info.get("assessments", [])],
    )


def _span(span: dict[str, Any]) -> tuple[Any, ...]:
    attributes = {each["key"]: _text(each["value"]) for each in span.get("attributes", [])}
    times = int(span["start_time_unix_nano"]), int(span["end_time_unix_nano"])
    return "", span["span_id"], span.get("parent_span_id"), span["name"], *times, attributes, _status(span)


def _text(value: dict[str, Any]) -> str:
    """An attribute as it is in a map of texts: structure and numbers as JSON."""
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _plain(value: dict[str, Any]) -> Any:
    """OTLP's `AnyValue` in JSON (whole numbers are texts there), as a value."""
    kind, content = next(iter(value.items()))
    if kind == "kvlist_value":
        return {each["key"]: _plain(each["value"]) for each in content.get("values", ())}
    if kind == "array_value":
        return [_plain(each) for each in content.get("values", ())]
    return int(content) if kind == "int_value" else content


def _status(span: dict[str, Any]) -> tuple[str, str]:
    return "", span.get("status", {}).get("code", "STATUS_CODE_UNSET")


def _assessment(said: dict[str, Any]) -> tuple[Any, ...]:
    value = said["feedback"]["value"]
    # Numbers are floats to MLflow.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = json.dumps(float(value) if is_number else value)
    return said["assessment_id"], "", said["assessment_name"], (text,), None, str(said["valid"]).lower()
