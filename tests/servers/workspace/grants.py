"""Unity Catalog's tables and what people may do with them (`databricks.sdk.service.catalog`)."""

from __future__ import annotations

from typing import Any

from tests.servers.workspace.asked import Asked, FailedError
from tests.servers.workspace.routing import Routes

CATALOG = "/api/2.1/unity-catalog"
ALL = {"catalog": {"USE_CATALOG"}, "schema": {"USE_SCHEMA"}, "table": {"MODIFY", "SELECT"}}


class Grants:
    """Every table is there and everybody may do everything, but for what is taken away."""

    def __init__(self) -> None:
        self.dropped: set[str] = set()
        """Full names of tables."""
        self.revoked: set[str] = set()
        """Privileges that nobody has."""

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("GET", f"{CATALOG}/tables/{{table}}", self._table)
        routes.add("GET", f"{CATALOG}/effective-permissions/{{kind}}/{{name}}", self._permissions)

    def _table(self, asked: Asked, table: str) -> dict[str, Any]:
        if table in self.dropped:
            raise FailedError(404, "TABLE_DOES_NOT_EXIST", f"Table '{table}' does not exist.")
        return {"full_name": table}

    def _permissions(self, asked: Asked, kind: str, name: str) -> dict[str, Any]:
        privileges = [{"privilege": privilege} for privilege in sorted(ALL[kind] - self.revoked)]
        return {"privilege_assignments": [{"principal": asked.query("principal"), "privileges": privileges}]}
