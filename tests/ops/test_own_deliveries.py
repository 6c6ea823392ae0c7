"""What this host delivers is counted at once, and never twice or for ever."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from mlflow import MlflowClient
from starlette.testclient import TestClient

import otel_mlflow
from otel_mlflow import Settings
from otel_mlflow.backends.tracking_credentials import TrackingCredentials
from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.ops.feeds.rest_api import RestApi
from otel_mlflow.ops.feeds.search import KnownScopes, SearchFeed
from otel_mlflow.ops.feeds.trace_api import Json, Scope
from otel_mlflow.ops.index.arrivals import info_of_arrival
from otel_mlflow.ops.index.synchronizer import Synchronizer
from otel_mlflow.ops.index.trace_index import TraceIndex
from otel_mlflow.ops.question import HOUR
from otel_mlflow.status import Experiment
from tests.delivering import delivering, info_of, put
from tests.ops import expected
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

SUMMARY = {"v": 1, "spans": 6}
USE = {"models": {"large": [1, 20, 5, 25, 0.5, 7, 7]}}


class CountingApi(RestApi):
    """Counts the searches."""

    searches = 0

    def search(self, scope: Scope, condition: str, *, limit: int, page_token: str | None) -> tuple[list[Json], str]:
        """Search, as ever."""
        self.searches += 1
        return super().search(scope, condition, limit=limit, page_token=page_token)


class Host:
    """A delivery, and an index that is told of it."""

    def __init__(self, server: MlflowServer, folder: Path, name: str) -> None:
        self.settings = Settings(
            tracking_uri=server.url, experiment_name=name, delivery={"spool_dir": folder / "spool"}
        )
        self.client = MlflowClient(server.url)
        self.experiment_id = self.client.create_experiment(name)
        self.index = TraceIndex(folder / "index.db")
        credentials = TrackingCredentials.read(server.url)
        self.api = CountingApi(credentials.client(connections=1, timeouts=(5, 60)), credentials.backend)
        experiment = Experiment(self.experiment_id, name, "")
        self.feed = SearchFeed("MLflow server", lambda: (self.api, experiment), None, KnownScopes())
        self.feed.open()
        self.now = time.time_ns() // 1_000_000

    def deliver(self, **summary: Any) -> list[str]:
        """Three traces, which arrive here and there."""
        arrived = self.deliver_elsewhere(**summary)
        self.index.add_arrivals([info_of_arrival(trace, self.experiment_id) for trace in arrived])
        return [trace.trace_id for trace in arrived]

    def deliver_elsewhere(self, **summary: Any) -> list[SpooledTrace]:
        """Three traces, of which the index is told nothing."""
        tags = {"mlflow.traceName": "GET /route", "otel_mlflow.summary": json.dumps(SUMMARY | summary)}
        arrived: list[SpooledTrace] = []
        with delivering(self.settings) as delivery:
            delivery.subscribe_to_arrivals(arrived.extend)
            put(delivery, 3, info=info_of(tags=tags))
            assert delivery.flush(30)
        return arrived

    def count(self) -> int:
        """How many there are, after what was delivered has been added."""
        self.index.count_arrivals_in()
        return self.index.count(self.now - HOUR, self.now + HOUR)

    def synchronize(self) -> int:
        """Catch up with the server; how many searches that took."""
        before = self.api.searches
        Synchronizer(self.index, self.feed).synchronize(self.now - HOUR, self.now + HOUR, threading.Event())
        return self.api.searches - before


@pytest.fixture
def host(server: MlflowServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host whose experiment is empty."""
    made = Host(server, tmp_path, request.node.name)
    yield made
    made.feed.close()


def test_no_search_is_needed_for_what_was_delivered_here(host: Host) -> None:
    """The server counts as much, and it took as long."""
    host.deliver()
    assert host.count() == 3
    assert host.synchronize() == 0
    assert host.count() == 3
    host.deliver(**USE)
    assert (host.count(), host.synchronize()) == (6, 0)


def test_what_only_mlflow_knows_is_read_from_it(host: Host) -> None:
    """What a call cost, where its span does not say it."""
    host.deliver(models={"large": [1, 20, 5, 25, None, 7, 7]})
    assert host.count() == 3
    assert host.synchronize() > 0
    assert host.count() == 3


def test_what_somebody_else_added_to_the_same_minute_is_searched_for(host: Host) -> None:
    """The server counts more than was delivered here."""
    host.deliver()
    host.count()
    host.deliver_elsewhere()
    assert host.synchronize() > 0
    assert host.count() == 6


def test_what_was_deleted_before_anybody_looked_does_not_come_back(host: Host) -> None:
    """The server does not count it."""
    ids = host.deliver()
    host.synchronize()
    host.client.delete_traces(host.experiment_id, trace_ids=ids[:1])
    assert host.count() == 3
    host.synchronize()
    assert host.count() == 2


def test_what_arrives_twice_is_counted_once(host: Host) -> None:
    """What is said last of a trace counts."""
    info = json.loads(info_of(execution_duration_ms=1))
    for duration in (1, 2):
        told = json.dumps({**info, "execution_duration_ms": duration}).encode()
        trace = SpooledTrace(duration, "tr-1", b"", told, None)
        host.index.add_arrivals([info_of_arrival(trace, host.experiment_id)])
        assert host.count() == 1


def test_nothing_of_the_content_is_kept(host: Host, tmp_path: Path) -> None:
    """Neither previews nor metadata nor tags that are not needed."""
    info = info_of(tags={"mine": "the secret tag"}, trace_metadata={"mine": "the secret metadata"})
    trace = SpooledTrace(1, "tr-1", b"", info, None)
    told = str(info_of_arrival(trace, "1"))
    for text in ("the request", "the response", "the secret"):
        assert text in info.decode()
        assert text not in told


def test_a_request_is_on_the_page_as_soon_as_it_is_delivered(server: MlflowServer, tmp_path: Path) -> None:
    """In an answer that was given before, for which the server is not asked again."""
    app = FastAPI(title="delivered here")
    settings = Settings(
        tracking_uri=server.url,
        experiment_name="on the page",
        delivery={"spool_dir": tmp_path},
        tracing={"http_only_traces": "keep"},
    )
    tracing = otel_mlflow.instrument(app, settings)
    app.mount("/ops", otel_mlflow.ops.app(tracing))

    @app.get("/items")
    def items() -> None:
        """Nothing."""

    now = time.time_ns() // 1_000_000
    address = f"/ops/api/summary?from={expected.iso(now - HOUR)}&to={expected.iso(now + HOUR)}"
    with TestClient(app) as client:

        def requests() -> int:
            found: int = client.get(address).json()["totals"]["requests"]
            return found

        client.get("/items")
        assert tracing.flush()
        assert requests() == 1
        client.get("/items")
        assert tracing.flush()
        until(lambda: requests() == 2, seconds=20, waiting_for=lambda: "the second request")
    otel_mlflow.uninstrument(app)
