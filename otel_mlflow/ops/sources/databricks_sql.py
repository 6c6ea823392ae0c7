"""SQL on a Databricks warehouse: the statement execution API, over databricks-sdk's authentication.

Not the SDK's own client of it: that one repeats what fails for minutes, and here somebody waits for a page.
https://docs.databricks.com/api/workspace/statementexecution
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.response import Response, error_for
from otel_mlflow.errors import MisconfigurationError, RetryableError
from otel_mlflow.ops.summary import Row

STATEMENTS = "/api/2.0/sql/statements"

WAIT = 20
"""Seconds that the API holds its answer back for the result; it allows 5 to 50."""

LONGEST = 120.0
"""Seconds for one statement: a warehouse that was stopped takes a minute to start."""

BETWEEN_LOOKS = 1.0

WHOLE = frozenset({"BYTE", "SHORT", "INT", "LONG"})
FRACTIONS = frozenset({"FLOAT", "DOUBLE", "DECIMAL"})
UNDER_WAY = ("PENDING", "RUNNING")


class Warehouse:
    """Runs statements, one after the other or from several threads."""

    def __init__(self, http: HttpClient, warehouse_id: str, backend: str) -> None:
        self._http = http
        self._warehouse_id = warehouse_id
        self._backend = backend

    def rows(self, statement: str, parameters: Mapping[str, int | str | None]) -> list[Row]:
        """The rows of a statement's result, by column.

        Raises `MisconfigurationError` for a statement that fails, `RetryableError` for one that takes too long.
        """
        body = {
            "statement": statement,
            "warehouse_id": self._warehouse_id,
            "parameters": [_parameter(name, value) for name, value in parameters.items()],
            "wait_timeout": f"{WAIT}s",
            "on_wait_timeout": "CONTINUE",
            "disposition": "INLINE",
            "format": "JSON_ARRAY",
        }
        return _rows(self._finished(self._checked(self._http.post_json(f"{STATEMENTS}/", body))))

    def _finished(self, found: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + LONGEST
        while found["status"]["state"] in UNDER_WAY:
            if time.monotonic() > deadline:
                self._http.post_json(f"{STATEMENTS}/{found['statement_id']}/cancel", {})
                raise RetryableError(
                    f"{self._backend}: warehouse {self._warehouse_id} has not answered within {LONGEST:.0f} s",
                    "choose a shorter window, or a larger warehouse",
                )
            time.sleep(BETWEEN_LOOKS)
            found = self._checked(self._http.get(f"{STATEMENTS}/{found['statement_id']}", {}))
        if found["status"]["state"] != "SUCCEEDED":
            said = found["status"].get("error", {}).get("message", found["status"]["state"])
            raise MisconfigurationError(
                f"{self._backend}: the warehouse says: {said}",
                "grant SELECT on the trace tables, and check unity_catalog",
            )
        return found

    def _checked(self, response: Response) -> dict[str, Any]:
        if response.status != 200:
            raise error_for(response, self._backend)
        found: dict[str, Any] = response.json()
        return found


def _parameter(name: str, value: int | str | None) -> dict[str, str]:
    """A value that is missing is null."""
    kind = {"name": name, "type": "BIGINT" if isinstance(value, int) else "STRING"}
    return kind if value is None else {**kind, "value": str(value)}


def _rows(found: dict[str, Any]) -> list[Row]:
    columns = found["manifest"]["schema"]["columns"]
    return [
        {column["name"]: _value(value, column["type_name"]) for column, value in zip(columns, row, strict=True)}
        for row in found.get("result", {}).get("data_array") or ()
    ]


def _value(text: str | None, kind: str) -> Any:
    """Values come as text, whatever their type."""
    if text is None:
        return None
    return int(text) if kind in WHOLE else float(text) if kind in FRACTIONS else text
