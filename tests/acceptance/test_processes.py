"""Several worker processes, forked before or after the app was imported."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Serve
from tests.acceptance.service import check
from tests.acceptance.shapes import handlers, streams
from tests.servers.app_server import ServerName

SHAPES = [*handlers.family.shapes, *(shape for shape in streams.family.shapes if "gated" not in shape.url)]


@pytest.mark.parametrize("server", ["uvicorn", pytest.param("gunicorn", marks=pytest.mark.soak), "gunicorn --preload"])
def test_all_workers_leave_whole_traces(serve: Serve, server: ServerName) -> None:
    """Two workers, one spool: each request's trace arrives, from whichever worker answered it."""
    check(serve("tests.acceptance.shapes.app:served", server=server, workers=2), SHAPES * 2)
