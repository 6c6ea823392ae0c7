"""A gateway that samples keeps whole traces, and what it leaves out is counted and shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mlflow.entities import Trace

from tests.fleet.chaos import SPANS
from tests.fleet.way import Way, way
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

ORDINARY = 20


@pytest.fixture(scope="module")
def sampled(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A way on which nothing is kept but what something speaks for."""
    with way(
        "tests.fleet.app:served",
        tmp_path_factory.mktemp("sampled"),
        mlflow_server.url,
        network="127.0.12",
        overlays=("sampling.yaml",),
        application={"OTEL_MLFLOW_OTLP__SAMPLED": "true"},
        SAMPLE_PERCENTAGE="0",
        DECISION_WAIT="4s",
        SLOW_MS="60000",
    ) as running:
        yield running


def test_what_is_kept_is_whole_and_what_is_not_is_counted(sampled: Way) -> None:
    """Errors, judged traces and those that ask for it: spans, request ids, feedback. All else leaves nothing behind."""
    failed = ask(sampled, "/work?fails=true", status=500)
    asked_for = ask(sampled, "/work?keep=true")
    judged = ask(sampled, "/work")
    httpx.post(f"{sampled.service.server.url}/feedback/{judged}", timeout=60).raise_for_status()
    for _ in range(ORDINARY):
        ask(sampled, "/work")
    kept = arrived(sampled, {failed, asked_for, judged})
    assert {len(trace.data.spans) for trace in kept.values()} == {SPANS}
    assert {trace.info.client_request_id for trace in kept.values()} == {"of the client"}
    assert [each.name for each in kept[judged].info.assessments] == ["helpful"]
    # The request that brought the feedback is an ordinary one, too.
    assert decided(sampled) == (3, ORDINARY + 1)


def ask(sampled: Way, path: str, *, status: int = 200) -> str:
    """One request with a request id, which OTLP cannot carry; its trace's id."""
    headers = {"X-Request-ID": "of the client"}
    answer = httpx.get(sampled.service.server.url + path, headers=headers, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.headers["X-MLflow-Trace-Id"]


def arrived(sampled: Way, wanted: set[str]) -> dict[str, Trace]:
    """The traces that are in MLflow when these are, with what goes beside their spans."""
    found: dict[str, Trace] = {}

    def are_whole() -> bool:
        found.update({trace.info.trace_id: trace for trace in sampled.service.reader.traces()})
        return found.keys() >= wanted and all(found[each].info.client_request_id for each in wanted)

    until(are_whole, seconds=60, waiting_for=lambda: f"{wanted}, not {found.keys()}")
    until(lambda: _feedback_arrived(found, sampled), seconds=60, waiting_for=lambda: "the feedback")
    assert found.keys() == wanted
    return found


def _feedback_arrived(found: dict[str, Trace], sampled: Way) -> bool:
    found.update({trace.info.trace_id: trace for trace in sampled.service.reader.traces()})
    return any(trace.info.assessments for trace in found.values())


def decided(sampled: Way) -> tuple[int, int]:
    """How many traces were kept and left out, as the dashboard says."""

    def collectors() -> list[dict[str, Any]]:
        answer = httpx.get(f"{sampled.service.server.url}/ops/api/collectors", timeout=60)
        found: list[dict[str, Any]] = answer.json()["collectors"]
        return found

    until(
        lambda: sum(each["kept"] + each["left_out"] for each in collectors()) >= ORDINARY + 4,
        seconds=60,
        waiting_for=lambda: f"all decisions: {collectors()}",
    )
    found = collectors()
    assert not any(each["problem"] or each["dropped"] for each in found), found
    return sum(each["kept"] for each in found), sum(each["left_out"] for each in found)
