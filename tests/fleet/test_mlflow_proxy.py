"""The proxy between gateways and MLflow: trouble of MLflow's database is not for good, a refusal is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from otel_mlflow.backends.response import DATABASE_FAILED
from tests.delivering import spans_of
from tests.servers.haproxy import CONFIGURATION, MlflowProxy, complaint
from tests.servers.scripted import INFOS, OTLP, Fault, ScriptedMlflow

JSON = {"Content-Type": "application/json"}


def says(status: int, detail: str) -> Fault:
    """MLflow's response."""
    return Fault(status, headers=JSON, body=f'{{"detail": "{detail}"}}'.encode())


@pytest.fixture
def proxy(tmp_path: Path, scripted: ScriptedMlflow) -> Iterator[MlflowProxy]:
    """In front of a scripted server."""
    running = MlflowProxy(tmp_path, scripted.url)
    yield running
    running.stop()


def posted(proxy: MlflowProxy, path: str = OTLP) -> httpx.Response:
    """What comes back to a gateway."""
    return httpx.post(f"{proxy.url}{path}", content=spans_of(b"1" * 16), timeout=30)


def test_haproxy_takes_the_file() -> None:
    """Without a warning."""
    assert complaint() == ""


def test_mlflow_is_asked_by_its_own_name(proxy: MlflowProxy, scripted: ScriptedMlflow) -> None:
    """It answers 403 to names that it does not know."""
    posted(proxy)
    assert f"http://{scripted.headers[-1]['Host']}" == scripted.url


def test_spans_pass(proxy: MlflowProxy, scripted: ScriptedMlflow) -> None:
    """A success is a success."""
    assert posted(proxy).status_code == 200
    assert len(scripted.spans) > 0


TROUBLE = [
    says(422, "Failed to log OpenTelemetry spans"),
    says(400, "(psycopg2.InterfaceError) connection already closed"),
    says(400, "Can't reconnect until invalid transaction is rolled back."),
    says(400, "SSL connection has been closed unexpectedly"),
    says(400, "(2013, 'Lost connection to MySQL server during query')"),
    says(500, "Internal Server Error"),
]
REFUSALS = [
    says(422, "Cannot convert OpenTelemetry span to MLflow span"),
    says(400, "Invalid OpenTelemetry protobuf format"),
    says(404, "no such experiment"),
    says(429, "later"),
]


@pytest.mark.parametrize("response", TROUBLE, ids=lambda each: each.body.decode()[12:30])
def test_trouble_of_the_database_is_503(proxy: MlflowProxy, scripted: ScriptedMlflow, response: Fault) -> None:
    """The gateway sends it again."""
    scripted.faults.append(response)
    assert posted(proxy).status_code == 503
    assert posted(proxy).status_code == 200


@pytest.mark.parametrize("response", REFUSALS, ids=lambda each: each.body.decode()[12:30])
def test_a_refusal_stays_one(proxy: MlflowProxy, scripted: ScriptedMlflow, response: Fault) -> None:
    """With MLflow's words."""
    scripted.faults.append(response)
    found = posted(proxy)
    assert (found.status_code, found.content) == (response.status, response.body)


def test_hosts_without_a_collector_judge_by_the_same_words() -> None:
    """Delivery sends again what the proxy makes 503 of, and nothing else."""
    words = re.search(r'is_database res.body -m reg -i "(.*)"', CONFIGURATION.read_text(encoding="utf-8"))
    assert words is not None
    assert words[1] == DATABASE_FAILED.pattern


def test_other_requests_are_left_alone(proxy: MlflowProxy, scripted: ScriptedMlflow) -> None:
    """A 500 of another of MLflow's endpoints is the application's to see."""
    scripted.faults.append(says(500, "no"))
    assert posted(proxy, INFOS).status_code == 500
