"""Every request and connection on every server: with us as without, and with the right outcome."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.server_matrix.cases import BY_SERVER, HTTP, LEAVING, SOCKETS
from tests.server_matrix.servers import SERVERS, MatrixServer
from tests.servers.process import until

OF_ITS_TIME = re.compile(rb"(?i)\r\n(?:x-mlflow-trace-id|x-request-id|date|last-modified|etag): [^\r]*")
EVERY_TIME = ("uvicorn", "hypercorn", "granian")
"""The servers that differ most; the others with the long runs."""

BYTES = [case.name for case in HTTP]
CONNECTIONS = [case.name for case in SOCKETS]
NAMES = {*BYTES, *CONNECTIONS, *(case.name for case in LEAVING)}


class Visited:
    """What a server answered, and what was seen of it inside."""

    def __init__(self, server: str, folder: Path, *, traced: bool) -> None:
        self.server = server
        running = MatrixServer(server, folder, TRACED="yes" if traced else "no")
        try:
            self.bytes = {case.name: OF_ITS_TIME.sub(b"", running.visit(case)) for case in HTTP}
            self.sockets = {case.name: running.connect(case) for case in SOCKETS}
            for case in LEAVING:
                running.visit(case)
            until(
                lambda: set(running.witness()["done"]) >= NAMES,
                seconds=30,
                waiting_for=lambda: (
                    f"{NAMES - set(running.witness()['done'])} to be over:\n{running.process.log[-3000:]}"
                ),
            )
            found = running.witness()
            self.seen: dict[str, list[str]] = found["seen"]
            self.traces: dict[str, list[Any]] = found["traces"]
            self.log = running.process.log
        finally:
            running.process.terminate()


@pytest.fixture(
    scope="module",
    params=[pytest.param(server, marks=[] if server in EVERY_TIME else [pytest.mark.soak]) for server in SERVERS],
)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Visited, Visited]:
    """The visits to one server without us and with us."""
    folder = tmp_path_factory.mktemp(request.param)
    return (
        Visited(request.param, folder / "untraced", traced=False),
        Visited(request.param, folder / "traced", traced=True),
    )


def test_the_bytes_are_the_same(both: tuple[Visited, Visited]) -> None:
    """Of every answer: status line, headers, framing, body."""
    untraced, traced = both
    assert traced.bytes == untraced.bytes


def test_websocket_clients_see_the_same(both: tuple[Visited, Visited]) -> None:
    """Messages, codes and refusals."""
    untraced, traced = both
    assert traced.sockets == untraced.sockets


def test_the_server_and_the_application_tell_each_other_the_same(both: tuple[Visited, Visited]) -> None:
    """The same messages in the same order, and the same exception at the end.

    When an application that sends is told something meanwhile is the server's to say, and another time each time.
    """
    untraced, traced = both
    for name in (*BYTES, *CONNECTIONS):
        for arrow in ("> ", "raised"):
            assert in_order(traced, name, arrow) == in_order(untraced, name, arrow)
    for name in ("json", "echo", "echo-empty", "model", "fails", "ws-echo"):
        assert in_order(traced, name, "< ")[:2] == in_order(untraced, name, "< ")[:2]


def in_order(visited: Visited, case: str, arrow: str) -> list[str]:
    """What went in one direction."""
    return [message for message in visited.seen[case] if message.startswith(arrow)]


def test_each_request_is_one_trace_with_the_right_outcome(both: tuple[Visited, Visited]) -> None:
    """And the template of its route."""
    _, traced = both
    expected = {case.name: (case.outcome, case.route if case.route != "same" else case.path) for case in HTTP}
    assert {name: [(told[0], told[2]) for told in traced.traces.get(name, [])] for name in expected} == {
        name: [wanted] for name, wanted in expected.items()
    }


def test_connections_and_departures_have_the_right_outcome(both: tuple[Visited, Visited]) -> None:
    """One trace each, and a state that goes with it."""
    _, traced = both
    expected = {case.name: case.outcome for case in SOCKETS} | {case.name: case.outcome for case in LEAVING}
    expected |= BY_SERVER.get(traced.server, {})
    assert {name: [told[:2] for told in traced.traces.get(name, [])] for name in expected} == {
        name: [[outcome, "OK" if outcome == "ok" else "ERROR"]] for name, outcome in expected.items()
    }


def test_nobody_complains(both: tuple[Visited, Visited]) -> None:
    """Of a context that is another one, or of our own faults."""
    _, traced = both
    assert "different Context" not in traced.log
    assert "otel-mlflow failed" not in traced.log
