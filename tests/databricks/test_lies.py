"""Something answers in the workspace's place, or in artifact storage's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.databricks.sending import settings_in
from tests.delivering import delivering, put, wait_for
from tests.servers.process import until
from tests.servers.workspace import Fault, Workspace

PAGE = Fault(200, headers={"Content-Type": "text/html"}, body=b"<html><title>Sign in</title><form></form></html>")
ERROR = Fault(
    200, headers={"Content-Type": "application/json"}, body=b'{"error_code": "INTERNAL_ERROR", "message": "oh"}'
)
CATALOG = {"unity_catalog": {"catalog": "main", "schema": "default", "table_prefix": "agent"}}
CLASSIC: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("settings", "path", "lie"),
    [
        pytest.param(CLASSIC, "/api/2.0/preview/scim/v2/Me", PAGE, id="identity"),
        pytest.param(CLASSIC, "/experiments/get-by-name", PAGE, id="experiment"),
        pytest.param(CLASSIC, "/api/3.0/mlflow/traces$", PAGE, id="info"),
        pytest.param(CLASSIC, "/api/3.0/mlflow/traces$", ERROR, id="info with an error"),
        pytest.param(CLASSIC, "/credentials-for-data-upload", PAGE, id="leave to write"),
        pytest.param(CATALOG, "/api/2.0/otel/v1/traces", PAGE, id="tables"),
        pytest.param(CATALOG, "/api/2.0/otel/v1/traces", ERROR, id="tables with an error"),
        pytest.param(CATALOG, "/info$", PAGE, id="info of tables"),
    ],
)
def test_a_page_is_no_workspace(as_user: Workspace, tmp_path: Path, settings: Any, path: str, lie: Fault) -> None:
    """Nothing counts as delivered, the status says what answered, and all arrives when the workspace does."""
    as_user.api.faults.add(path, lie)
    with delivering(settings_in(tmp_path, **settings)) as delivery:
        put(delivery, 3)
        until(lambda: delivery.status().reason, seconds=20, waiting_for=lambda: f"{delivery.status()}")
        status = delivery.status()
        assert status.state in ("failed", "degraded")
        assert status.counts.delivered == 0
        assert ("a login page of" in status.reason) == (lie is PAGE)
        as_user.api.faults.clear()
        wait_for(delivery, lambda counts: counts.delivered == 3)


def test_a_page_is_no_storage(as_user: Workspace, tmp_path: Path) -> None:
    """A proxy on the way to it says 200 to everything; its words may repeat the signed address, and are not shown."""
    as_user.storage_server.faults.add(".*", PAGE)
    with delivering(settings_in(tmp_path)) as delivery:
        put(delivery, 3)
        until(lambda: delivery.status().reason, seconds=20, waiting_for=lambda: f"{delivery.status()}")
        status = delivery.status()
        assert "a login page answered in its place (200, text/html)" in status.reason
        assert "Sign in" not in status.reason
        assert status.counts.delivered == 0
        as_user.storage_server.faults.clear()
        wait_for(delivery, lambda counts: counts.delivered == 3)
