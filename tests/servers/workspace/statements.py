"""Statement execution: a SQL warehouse whose engine is Spark in local mode, the engine of the same dialect."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from tests.servers.workspace.asked import Asked, missing
from tests.servers.workspace.routing import Routes

Result = tuple[list[tuple[str, str]], list[Any]]
"""Columns (name, Spark's name of the type), and rows."""

Execute = Callable[[str, dict[str, Any]], Result]
"""Runs a statement with named parameters. Raises `ValueError` for one that fails."""


class Statements:
    """One warehouse. What takes longer than the caller wants to wait, and all that is `delayed`, is fetched later."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self.delayed = False
        self.statements: list[str] = []
        self._results: dict[str, Future[dict[str, Any]]] = {}
        self._warehouse = ThreadPoolExecutor(1)

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", "/api/2.0/sql/statements/", self._run)
        routes.add("GET", "/api/2.0/sql/statements/{statement_id}", self._look)

    def _run(self, asked: Asked) -> dict[str, Any]:
        body = asked.json()
        self.statements.append(body["statement"])
        parameters = {each["name"]: _value(each) for each in body["parameters"]}
        statement_id = secrets.token_hex(8)
        self._results[statement_id] = self._warehouse.submit(self._answered, body["statement"], parameters)
        if not self.delayed:
            wait([self._results[statement_id]], float(body["wait_timeout"].removesuffix("s")))
            return self._told(statement_id)
        return {"statement_id": statement_id, "status": {"state": "PENDING"}}

    def _look(self, asked: Asked, statement_id: str) -> dict[str, Any]:
        if statement_id not in self._results:
            raise missing(f"The statement {statement_id} was not found.")
        return self._told(statement_id)

    def _told(self, statement_id: str) -> dict[str, Any]:
        running = self._results[statement_id]
        found = running.result() if running.done() else {"status": {"state": "RUNNING"}}
        return {"statement_id": statement_id, **found}

    def _answered(self, statement: str, parameters: dict[str, Any]) -> dict[str, Any]:
        try:
            fields, rows = self._execute(statement, parameters)
        except ValueError as error:
            return {"status": {"state": "FAILED", "error": {"error_code": "BAD_REQUEST", "message": str(error)}}}
        columns = [{"name": name, "type_name": _type(kind)} for name, kind in fields]
        return {
            "status": {"state": "SUCCEEDED"},
            "manifest": {"format": "JSON_ARRAY", "schema": {"column_count": len(columns), "columns": columns}},
            "result": {"data_array": [[None if value is None else str(value) for value in row] for row in rows]},
        }


def _value(parameter: dict[str, Any]) -> int | str | None:
    value: str | None = parameter.get("value")
    return int(value) if value is not None and parameter["type"] == "BIGINT" else value


def _type(spark: str) -> str:
    """Spark's name of a type, in the API's words (`ColumnInfoTypeName`)."""
    return {"integer": "INT", "bigint": "LONG"}.get(spark, spark.upper())
