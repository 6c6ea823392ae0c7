"""Jobs of Celery, RQ, arq and Dramatiq, in worker processes of theirs: each is in the trace of its request."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.acceptance.service import Service, described
from tests.neighbours.folder import INSTALLED
from tests.servers.app_server import REPOSITORY
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import ChildProcess, waited
from tests.servers.redis import Redis
from tests.servers.traces import parse, picture

WORKERS = {
    "celery": ["celery", "--app", "tests.neighbours.jobs_celery", "worker", "--pool", "solo"],
    "rq": ["rq.cli", "worker", "--url", "REDIS_URL"],
    "arq": ["arq", "tests.neighbours.jobs_arq.Worker"],
    "dramatiq": ["dramatiq", "tests.neighbours.jobs_dramatiq", "--processes", "1", "--threads", "1"],
}

pytestmark = pytest.mark.neighbours


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """The queues' broker."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, mlflow_server: MlflowServer, redis: Redis) -> Iterator[Service]:
    """The application that orders jobs."""
    service = Service(
        "tests.neighbours.jobs_app:served",
        folder=tmp_path_factory.mktemp("app"),
        tracking_uri=mlflow_server.url,
        environment={"REDIS_URL": redis.url},
        import_first=INSTALLED,
    )
    yield service
    service.server.terminate()


@pytest.mark.parametrize("queue", WORKERS)
def test_a_job_is_in_the_trace_of_its_request(
    queue: str, service: Service, redis: Redis, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    """Under the span that was current when it was ordered, delivered by the worker's own process."""
    environment = {
        "REDIS_URL": redis.url,
        "PYTHONPATH": f"{INSTALLED}:{REPOSITORY}",
        "HOME": str(tmp_path),
        "OTEL_MLFLOW_TRACKING_URI": mlflow_server.url,
        "OTEL_MLFLOW_EXPERIMENT_NAME": service.reader.experiment,
        "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(tmp_path / "spool"),
    }
    expected = f"ok, OK\n{picture([parse(f'POST /{queue} > order > {queue} job > work')])}"
    since = time.time()
    with ExitStack() as stopped:
        arguments = [redis.url if part == "REDIS_URL" else part for part in WORKERS[queue]]
        worker = ChildProcess([sys.executable, "-m", *arguments], folder=tmp_path, environment=environment)
        stopped.callback(worker.terminate)
        httpx.post(f"{service.server.url}/{queue}").raise_for_status()
        found: list[str] = []

        def arrived() -> bool:
            service.flush()
            found[:] = [
                described(trace)
                for trace in service.reader.traces(since=since)
                if trace.info.tags.get("http.route") == f"/{queue}"
            ]
            return found == [expected]

        waited(arrived, seconds=40)
        assert found == [expected], worker.log[-4000:]
