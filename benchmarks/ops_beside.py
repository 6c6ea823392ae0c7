"""How long a traced route takes beside a dashboard that is being refreshed, over real HTTP."""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import closing
from pathlib import Path

from benchmarks.simulated_infos import LAST
from otel_mlflow.ops.question import SECOND
from otel_mlflow.ops.summary import iso
from tests.ops.variety import FIRST, MAIN
from tests.servers.app_server import AppServer

REQUESTS = 600
BETWEEN = 0.005
"""Seconds between two requests."""

REFRESHED_EVERY = 1.0
"""Seconds, as the page does that is live."""


def served(folder: Path) -> AppServer:
    """An application with a dashboard, whose index is in `folder`/spool/ops."""
    environment = {
        "OTEL_MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        "OTEL_MLFLOW_EXPERIMENT_NAME": FIRST,
        "OTEL_MLFLOW_SERVICE_NAME": MAIN,
    }
    return AppServer("tests.ops.served:app", folder=folder, environment=environment)


def p99_of_a_route(app: AppServer, window_ms: int = 0) -> str:
    """While the dashboard is asked for such a window again and again; alone without one."""
    stop, asked = threading.Event(), [0]
    viewer = threading.Thread(target=_refresh, args=(app, window_ms, stop, asked))
    if window_ms:
        viewer.start()
    with closing(http.client.HTTPConnection(app.host, app.port, timeout=60)) as connection:
        took = sorted(_request(connection) for _ in range(REQUESTS))
    stop.set()
    if window_ms:
        viewer.join()
    median, p99 = (took[int(share * REQUESTS)] * 1000 for share in (0.5, 0.99))
    return f"{median:.1f} ms, p99 {p99:.1f} ms; asked {asked[0]} times meanwhile"


def _request(connection: http.client.HTTPConnection) -> float:
    time.sleep(BETWEEN)
    began = time.monotonic()
    connection.request("GET", "/items/1")
    connection.getresponse().read()
    return time.monotonic() - began


def _refresh(app: AppServer, window_ms: int, stop: threading.Event, asked: list[int]) -> None:
    with closing(http.client.HTTPConnection(app.host, app.port, timeout=120)) as connection:
        while not stop.is_set():
            # Another question each time, whose answer nobody has kept.
            start, end = iso(LAST - window_ms), iso(LAST - SECOND * (1 + asked[0]))
            connection.request("GET", f"/ops/api/summary?from={start}&to={end}")
            connection.getresponse().read()
            asked[0] += 1
            stop.wait(REFRESHED_EVERY)
