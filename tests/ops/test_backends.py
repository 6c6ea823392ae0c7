"""Every figure is right on every backend, by a seed that shares nothing with the product.

The seed goes straight into MLflow's tables, and its figures are worked out in Python. MariaDB is tried where there are
Debian's mariadb-server and `pip install pymysql`: CI has neither.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.ops.question import question_of
from otel_mlflow.ops.sources import source_for
from otel_mlflow.ops.sources.base import Source
from otel_mlflow.ops.summary import LISTS, Disclosure
from tests.ops import expected
from tests.ops.comparing import close, without
from tests.ops.dashboards import settings_of
from tests.ops.tables import Tables
from tests.ops.variety import END, FIRST, HOUR, MAIN, Assessment, Request, of_the_dashboard, variety
from tests.servers.mariadb import MariaDb
from tests.servers.mlflow_server import MlflowServer
from tests.servers.postgres import Postgres

SEEDED = variety(700, routes=400, texts=150)
LATE = variety(40, routes=20, texts=5, first=20_000, seed=3)


DATABASES: dict[str, type[Postgres] | type[MariaDb]] = {"postgres": Postgres, "mariadb": MariaDb}


class Backend:
    """Where traces are, and how the product is told so."""

    def __init__(self, tracking_uri: str, tables: Tables) -> None:
        self.tracking_uri = tracking_uri
        self.tables = tables

    def source(self, folder: Path) -> Source:
        """A source that knows nothing yet."""
        settings = settings_of(folder, folder, tracking_uri=self.tracking_uri, experiment_name=FIRST, service_name=MAIN)
        return source_for(settings, patience=120)


@pytest.fixture(
    scope="module",
    params=[
        "sqlite store",
        "server on postgres",
        pytest.param("server on sqlite", marks=pytest.mark.soak),
        pytest.param("postgres", marks=pytest.mark.soak),
        pytest.param("server on mariadb", marks=pytest.mark.soak),
        pytest.param("mariadb", marks=pytest.mark.soak),
    ],
)
def backend(request: pytest.FixtureRequest, store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """Each of them, with the seed in it."""
    folder = tmp_path_factory.mktemp("backend")
    running = next((start() for name, start in DATABASES.items() if name in request.param), None)
    shutil.copy(store, folder / "mlflow.db")
    database = running.uri if running is not None else f"sqlite:///{folder}/mlflow.db"
    tables = Tables(database, str(folder))
    tables.add(SEEDED)
    server = MlflowServer(folder, store=database) if "server" in request.param else None
    yield Backend(server.url if server is not None else database, tables)
    if server is not None:
        server.stop()
    if running is not None:
        running.stop()


@pytest.fixture(scope="module")
def source(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A source that the tests of one backend share."""
    return backend.source(tmp_path_factory.mktemp("state"))


def check(source: Source, seeded: list[Request], **asked: str) -> dict[str, Any]:
    """Compare every figure of a window."""
    found = source.summary(question_of(asked, END)).to_dict(Disclosure())
    start, end = (expected.moment(found["window"][name]) for name in ("start", "end"))
    wanted = expected.figures(of_the_dashboard(seeded), start, end, found["window"]["step_seconds"] * 1000)
    for name in ("totals", "previous"):
        assert found[name] == close(wanted[name]), name
    for name in LISTS:
        assert without(found[name], "url") == close(wanted[name]), name
    unnamed = [r for r in of_the_dashboard(seeded) if start <= r.time_ms < end and not r.has_tag]
    uncounted = sum(r.outcome != "unfinished" for r in unnamed)
    assert [each["figure"] for each in found["missing"]] == (["spans"] if uncounted else [])
    assert all(each["reason"].startswith(f"{uncounted} traces ") for each in found["missing"])
    return found


@pytest.mark.parametrize("window", ["1h", "24h", "7d", "60d"])
def test_every_figure_of_a_window(source: Source, window: str) -> None:
    """Also of nameless, cancelled and unfinished traces, of two experiments and services, over a change of clocks."""
    assert check(source, SEEDED, window=window)["totals"]["requests"] > 0


@pytest.mark.parametrize("asked", [{"service": MAIN}, {"version": "1.1"}, {"slower_than": "4.5"}], ids=str)
def test_a_filter(source: Source, asked: dict[str, str]) -> None:
    """All figures but who is new are those of the requests that are meant."""
    found = source.summary(question_of({"window": "60d", **asked}, END)).to_dict(Disclosure())
    chosen = [request for request in of_the_dashboard(SEEDED) if is_meant(request, **asked)]
    start, end = (expected.moment(found["window"][name]) for name in ("start", "end"))
    wanted = expected.figures(chosen, start, end, found["window"]["step_seconds"] * 1000)
    for name in LISTS:
        assert without(found[name], "url") == close(wanted[name]), name
    assert found["totals"]["requests"] == wanted["totals"]["requests"] > 0


def is_meant(request: Request, service: str | None = None, version: str | None = None, slower_than: str = "0") -> bool:
    """By the filters."""
    is_slow = slower_than == "0" or (request.duration_ms or 0) >= float(slower_than) * 1000
    return (
        (service or request.service) == request.service and (version or request.version) == request.version and is_slow
    )


def test_what_comes_late_and_what_is_deleted_is_counted_as_such(source: Source, backend: Backend) -> None:
    """However long ago it was, without a new index."""
    check(source, SEEDED, window="60d")
    backend.tables.add(LATE)
    backend.tables.remove(SEEDED[::10])
    changed = [request for request in (*SEEDED, *LATE) if request not in SEEDED[::10]]
    check(source, changed, window="60d")
    backend.tables.remove(LATE)
    backend.tables.add(SEEDED[::10])
    check(source, SEEDED, window="60d")


def test_feedback_that_is_changed_is_counted_as_it_is_now(source: Source, backend: Backend) -> None:
    """Although there is as much of it as before."""
    check(source, SEEDED, window="60d")
    disliked = [replace(request, given=tuple(map(_worst, request.given))) for request in SEEDED]
    backend.tables.remove(SEEDED)
    backend.tables.add(disliked)
    check(source, disliked, window="60d")
    backend.tables.remove(disliked)
    backend.tables.add(SEEDED)


def _worst(given: Assessment) -> Assessment:
    return replace(given, value=0) if given.name == "stars" else given


def test_a_trace_that_cannot_be_read_back_costs_only_its_own_figures(backend: Backend, tmp_path: Path) -> None:
    """MLflow answers 500 to whoever asks for its spans, alone or with others."""
    request = next(r for r in of_the_dashboard(SEEDED) if r.calls and not r.has_tag and r.time_ms > END - HOUR)
    backend.tables.damage(request)
    found = backend.source(tmp_path).summary(question_of({"window": "1h"}, END)).to_dict(Disclosure())
    backend.tables.remove([request])
    backend.tables.add([request])
    wanted = [r for r in of_the_dashboard(SEEDED) if r.time_ms > END - HOUR]
    assert found["totals"]["requests"] == len(wanted)
    calls = sum(len(r.calls) for r in wanted)
    assert sum(row["calls"] for row in found["models"]) in (calls, calls - len(request.calls))
    told = [each["reason"] for each in found["missing"] if each["figure"] == "models"]
    assert told == [] or told[0].startswith("the spans of 1 traces")


@pytest.mark.parametrize("damaged", [False, True])
def test_an_index_that_is_lost_or_damaged_is_made_anew(backend: Backend, tmp_path: Path, damaged: bool) -> None:
    """All that was in it can be had again."""
    check(backend.source(tmp_path), SEEDED, window="24h")
    for path in (tmp_path / "spool" / "ops").glob("*.db*"):
        path.unlink()
        if damaged and path.suffix == ".db":
            path.write_text("this is no database, and longer than the header of one would be. " * 20)
    check(backend.source(tmp_path), SEEDED, window="24h")


def test_the_texts_of_feedback_are_shown_where_they_are_asked_for(source: Source) -> None:
    """And nowhere else."""
    found = source.summary(question_of({"window": "60d"}, END))
    assert "text of " not in str(found.to_dict(Disclosure()))
    assert found.to_dict(Disclosure(texts=True))["comments"][0]["value"].startswith("text of ")


@pytest.mark.soak
def test_thousands_of_routes_and_texts(store: Path, tmp_path: Path) -> None:
    """More than MLflow's own aggregation answers, and more than anybody would list."""
    many = variety(7000, routes=6000, texts=1500)
    shutil.copy(store, tmp_path / "mlflow.db")
    Tables(f"sqlite:///{tmp_path}/mlflow.db", str(tmp_path)).add(many)
    server = MlflowServer(tmp_path)
    try:
        for uri in (f"sqlite:///{tmp_path}/mlflow.db", server.url):
            settings = settings_of(tmp_path, tmp_path, tracking_uri=uri, experiment_name=FIRST, service_name=MAIN)
            check(source_for(settings, patience=120), many, window="60d")
    finally:
        server.stop()
