"""The app and its caller notice nothing: bytes, chunks, exceptions, disconnects and memory are as without us."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.service import Service
from tests.acceptance.shapes import failures, handlers, langchain, middlewares, mounts, streams
from tests.acceptance.shapes.family import Shape
from tests.acceptance.shapes.visits import read_all
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

FLOOD = 50 * 2**20  # bytes
ALLOWED = 20 * 2**20  # bytes of memory

OURS = re.compile(rb"(?i)^(date|x-mlflow-trace-id|x-request-id): .*\r\n", re.MULTILINE)
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
IDS = re.compile(rf", id='{UUID}'|{UUID}")

PLAIN = [
    shape
    for family in (handlers.family, streams.family, mounts.family, failures.family, middlewares.family)
    for shape in family.shapes
    if shape.visit is read_all and shape.url != "/handlers/address"
]
EVENTS = [shape for shape in langchain.family.shapes if "events" in shape.url]


@pytest.fixture(scope="module")
def untraced(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The app of all shapes as it is without us."""
    service = Service(
        "tests.acceptance.shapes.app:served",
        folder=tmp_path_factory.mktemp("untraced"),
        tracking_uri=mlflow_server.url,
        environment={"SHAPES_UNTRACED": "1"},
    )
    yield service
    service.server.terminate()


@pytest.fixture(scope="module")
def witness(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A plain ASGI app between two witnesses."""
    folder = tmp_path_factory.mktemp("witness")
    service = Service("tests.acceptance.apps.witness:served", folder=folder, tracking_uri=mlflow_server.url)
    yield service
    service.server.terminate()


def raw_answer(service: Service, shape: Shape) -> bytes:
    """The bytes that come over the socket, chunk framing and all, without the header lines that must differ."""
    request = f"{shape.method} {shape.url} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.server.port), timeout=30) as connection:
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return OURS.sub(b"", answer)


@pytest.mark.parametrize("shape", PLAIN, ids=str)
def test_bytes_chunks_and_order_are_those_of_the_untraced_app(shapes: Service, untraced: Service, shape: Shape) -> None:
    """Down to the framing of each chunk, for answers whole, streamed and failed."""
    assert raw_answer(shapes, shape) == raw_answer(untraced, shape)


@pytest.mark.parametrize("shape", EVENTS, ids=str)
def test_astream_events_yields_the_same_events(shapes: Service, untraced: Service, shape: Shape) -> None:
    """The same events with the same content, but for ids; tools that run side by side have no order among them.

    LangGraph gives a message its id while the event that shows it is on its way, which has it or not.
    """
    events = [sorted(IDS.sub("", service.get(shape.url).text).splitlines()) for service in (shapes, untraced)]
    assert events[0] == events[1]
    assert len(events[0]) > 5


def test_an_exception_of_the_app_is_the_one_that_the_server_sees(witness: Service) -> None:
    """The same object, neither wrapped nor replaced."""
    assert httpx.get(f"{witness.server.url}/raise").status_code == 500
    assert witness.get("/witness").json()["exceptions_are_the_same"] == [True]


def test_a_client_that_leaves_is_made_known_to_the_app(witness: Service) -> None:
    """The app, waiting in receive(), is told `http.disconnect`."""

    async def leave() -> None:
        async with witness.client() as client, client.stream("GET", "/leave") as answer:
            assert await anext(answer.aiter_raw()) == b"first"

    asyncio.run(leave())
    told = until(
        lambda: witness.get("/witness").json()["told_app"], seconds=30, waiting_for=lambda: "the app to be told"
    )
    assert told == ["http.disconnect"]


def test_fifty_megabytes_up_take_no_memory(witness: Service) -> None:
    """A body that streams in is not gathered."""
    chunk = b"x" * 65536

    def upload(times: int) -> None:
        content = (chunk for _ in range(times))
        assert httpx.post(f"{witness.server.url}/sink", content=content, timeout=60).json() == times * len(chunk)

    upload(1)
    before = reset_peak(witness)
    upload(FLOOD // len(chunk))
    assert peak(witness) - before < ALLOWED


def test_fifty_megabytes_down_take_no_memory(witness: Service) -> None:
    """A body that streams out is not gathered."""

    def download() -> int:
        with httpx.stream("GET", f"{witness.server.url}/flood", timeout=60) as answer:
            return sum(map(len, answer.iter_raw()))

    witness.get("/witness")
    before = reset_peak(witness)
    assert download() == FLOOD
    assert peak(witness) - before < ALLOWED


def reset_peak(service: Service) -> int:
    """Have the kernel measure the peak of the server's memory anew; return what it holds now, in bytes."""
    process = Path(f"/proc/{service.server.pid}")
    if not process.exists():
        pytest.skip("needs Linux's /proc to measure another process's memory")
    (process / "clear_refs").write_text("5")
    return memory(service, "VmRSS")


def peak(service: Service) -> int:
    """The most memory that the server has held since then, in bytes."""
    return memory(service, "VmHWM")


def memory(service: Service, figure: str) -> int:
    """One figure of the kernel's, in bytes."""
    lines = Path(f"/proc/{service.server.pid}/status").read_text().splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith(f"{figure}:")]
    return int(kilobytes) * 1024
