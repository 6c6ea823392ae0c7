"""The file under the spool."""

from __future__ import annotations

import gc
import sqlite3
from pathlib import Path

import pytest

from otel_mlflow.delivery.spool_file import SpoolFile


def test_a_file_that_nobody_closes_is_closed_when_it_is_forgotten(tmp_path: Path) -> None:
    """Whoever only asks for a status need not shut anything down."""
    file = SpoolFile(tmp_path / "spool.db")
    with file.alone() as connection:
        pass
    del file
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
