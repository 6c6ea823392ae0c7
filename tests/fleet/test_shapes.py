"""Through an agent and a gateway arrives what arrives without them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
from mlflow.entities import Trace

from tests.acceptance.service import Service, check, request_id_of, spans_of
from tests.acceptance.shapes.catalogue import SHAPES
from tests.acceptance.shapes.family import Shape
from tests.fleet.observed import differences
from tests.fleet.way import Way
from tests.servers.mlflow_server import MlflowServer

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

SUMMARY_TAG = "otel_mlflow.summary"
"""Counts what had ended when the root was written, which differs from one request to the next."""

QUIET = [shape for shape in SHAPES if not shape.raises]
READ_TO_THE_END = [shape for shape in QUIET if shape.outcome != "cancelled"]
"""How far an application gets before it is told that its client has left is another thing in each run."""


@pytest.fixture(scope="module")
def direct(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    """The same app without Collectors, twice: what differs between the two differs between any two processes."""
    with contextlib.ExitStack() as stopped:
        services = []
        for name in ("once", "again"):
            folder = tmp_path_factory.mktemp(name)
            services.append(
                Service("tests.acceptance.shapes.app:served", folder=folder, tracking_uri=mlflow_server.url)
            )
            stopped.callback(services[-1].server.terminate)
        yield services[0], services[1]


def test_all_shapes_at_once_leave_each_its_own_tree(shapes_way: Way) -> None:
    """The suite's own verdict on trees, outcomes, states and request ids."""
    check(shapes_way.service, QUIET)


def test_every_field_is_the_one_of_the_direct_way(shapes_way: Way, direct: tuple[Service, Service]) -> None:
    """Trees, attributes, tags, sessions, tokens, previews, metadata, events: all that two direct requests share."""
    through, once, again = (traces_of(service, READ_TO_THE_END) for service in (shapes_way.service, *direct))
    found = []
    for shape in map(str, READ_TO_THE_END):
        of_processes = differences(once[shape], again[shape])
        differs = differences(through[shape], once[shape])
        found += [
            f"{shape}: {field}: {values}"
            for field, values in differs.items()
            if field not in of_processes and SUMMARY_TAG not in field
        ]
    assert not found, "\n".join(found)


def traces_of(service: Service, shapes: list[Shape]) -> dict[str, Trace]:
    """The trace that a request of each shape leaves, by the shape's name. One after the other: none is hurried."""
    since = time.time()
    told = {request_id: trace_id for shape in shapes for request_id, trace_id in service.visit([shape]).items()}
    names = dict(zip(told, map(str, shapes), strict=True))
    found = service.traces(spans_of(told, shapes), since=since)
    return {names[request_id_of(trace) or ""]: trace for trace in found}
