"""Spool files that earlier versions left: each is delivered by the code as it is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.destinations.mlflow_server import MlflowServer
from otel_mlflow.delivery.leases import spool_path
from otel_mlflow.delivery.schema import FORMAT
from otel_mlflow.delivery.spool_admin import SpoolAdmin
from tests.delivering import EXPERIMENT, put, settings_for, wait_for
from tests.fixtures import make_spool
from tests.servers.process import until
from tests.servers.scripted import ScriptedMlflow

FILES = sorted(Path(make_spool.__file__).parent.glob("spool-format-*.db"))
OTHER_HOST = "spool-a-container-that-is-gone.db"


@contextmanager
def delivering_to(server: ScriptedMlflow, folder: Path) -> Generator[Delivery, None, None]:
    """Deliver to the server what is meant for the address in the files."""

    def connect() -> MlflowServer:
        return MlflowServer(server.url, experiment_name=EXPERIMENT, experiment_id=None, timeouts=(2.0, 5.0))

    delivery = Delivery(settings_for(folder, "http://mlflow.example:5000"), connect)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.shutdown(timeout=0.2)


def test_there_is_a_file_of_each_format() -> None:
    """The newest is the one that is written now."""
    assert [path.stem for path in FILES] == [f"spool-format-{number}" for number in range(1, FORMAT + 1)]


@pytest.mark.parametrize("name", [None, OTHER_HOST], ids=["of this host", "of another host"])
@pytest.mark.parametrize("kept", FILES, ids=lambda path: path.stem)
def test_a_kept_spool_is_delivered(tmp_path: Path, scripted: ScriptedMlflow, kept: Path, name: str | None) -> None:
    """Spans, info, an experiment of its own and feedback arrive; what was refused waits for a person, with the reason.

    The counters go on where they were.
    """
    shutil.copyfile(kept, tmp_path / name if name else spool_path(tmp_path))
    with delivering_to(scripted, tmp_path) as delivery:
        counts = wait_for(delivery, lambda counts: counts.delivered == 5)
        until(lambda: scripted.assessments, seconds=30, waiting_for=lambda: "the feedback")
        assert (counts.requests, counts.excluded, counts.quarantined, counts.pending) == (9, 3, 1, 0)
    assert scripted.traces == set(make_spool.WHOLE)
    assert set(scripted.infos) == {*make_spool.WHOLE[1:], make_spool.METADATA}
    assert [each["assessment_id"] for each in scripted.assessments] == ["a-1"]
    with closing(SpoolAdmin(tmp_path)) as spool_admin:
        (refused,) = spool_admin.records()
    assert (refused.trace_id, refused.reason) == (make_spool.REFUSED, make_spool.REASON)


@pytest.mark.parametrize("name", [None, OTHER_HOST], ids=["of this host", "of another host"])
def test_a_spool_of_an_unknown_format_is_left_as_it_is(
    tmp_path: Path, scripted: ScriptedMlflow, name: str | None
) -> None:
    """After going back to an older version: what is new is delivered, the state says which file waits for whom."""
    newer = tmp_path / name if name else spool_path(tmp_path)
    shutil.copyfile(FILES[-1], newer)
    with closing(sqlite3.connect(newer)) as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    before = newer.read_bytes()
    with delivering_to(scripted, tmp_path) as delivery:
        ids = put(delivery, 3)
        wait_for(delivery, lambda counts: counts.delivered == 3)
        status = delivery.status()
        assert status.state == "degraded"
        assert f"made by a newer otel-mlflow, in format {FORMAT + 1}" in status.reason
        assert "run the newer otel-mlflow" in status.fix
    assert scripted.traces == set(ids)
    assert newer.read_bytes() == before
