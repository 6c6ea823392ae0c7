"""Each variable that MLflow's REST client reads holds for deliveries, or the manual says that it does not."""

from __future__ import annotations

import importlib
import inspect
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_mlflow.backends.client_settings import socket_options
from otel_mlflow.backends.http import basic
from otel_mlflow.backends.tracking_credentials import TrackingCredentials
from tests.servers.scripted import ScriptedMlflow

MANUAL = Path(__file__).parents[3] / "docs" / "settings.md"

CLIENT = (
    *("mlflow.utils.rest_utils", "mlflow.utils.request_utils", "mlflow.utils.credentials"),
    "mlflow.tracking.request_auth.registry",
)
"""The modules of which MLflow's client of a tracking server is made."""

OTHERS = re.compile(r"MLFLOW_(DEPLOYMENT_.*|.*_LIMIT)")
"""Calls of model endpoints, and bounds that MLflow sets to its own settings."""

HEADERS = [
    ({"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "word"}, "Authorization", basic("ada", "word")),
    ({"MLFLOW_TRACKING_TOKEN": "given"}, "Authorization", "Bearer given"),
    ({"MLFLOW_WORKSPACE": "team-a"}, "X-MLFLOW-WORKSPACE", "team-a"),
    ({}, "User-Agent", "mlflow-python-client/"),
    ({"_MLFLOW_DATABRICKS_TRAFFIC_ID": "lane-1"}, "x-databricks-traffic-id", "lane-1"),
]


@pytest.fixture
def server() -> Iterator[ScriptedMlflow]:
    """A server that remembers what it was sent."""
    with ScriptedMlflow() as server:
        yield server


@pytest.mark.parametrize("module", CLIENT)
def test_the_manual_has_each_variable_of_mlflow_s_client(module: str) -> None:
    """A variable that a new MLflow reads is missed here."""
    source = inspect.getsource(importlib.import_module(module))
    read = {name for name in re.findall(r"\bMLFLOW_[A-Z0-9_]+", source) if not OTHERS.fullmatch(name)}
    # One has an underscore in front in the environment, and none in MLflow's source.
    listed = set(re.findall(r"`_?(MLFLOW_[A-Z0-9_]+)`", MANUAL.read_text("utf-8")))
    assert read <= listed


@pytest.mark.parametrize(("variables", "header", "begins"), HEADERS, ids=[row[1] for row in HEADERS])
def test_what_goes_along_with_each_request(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedMlflow, variables: dict[str, str], header: str, begins: str
) -> None:
    """As the header that MLflow's own client makes of it."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    client = TrackingCredentials.read(server.url).client(connections=1, timeouts=(2.0, 2.0))
    client.get("/version", {})
    client.close()
    assert server.headers[-1][header].startswith(begins)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("MLFLOW_TRACKING_INSECURE_TLS", "true", ("verify", False)),
        ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem", ("verify", "/ca.pem")),
        ("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/client.pem", ("certificate", "/client.pem")),
    ],
)
def test_certificates(monkeypatch: pytest.MonkeyPatch, name: str, value: str, read: tuple[str, object]) -> None:
    """Which are trusted, and which one we show."""
    monkeypatch.setenv(name, value)
    attribute, expected = read
    assert getattr(TrackingCredentials.read("https://m:5000"), attribute) == expected


def test_connections_are_probed_as_mlflow_s_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """On by default, with MLflow's times; what is no number is passed over."""
    monkeypatch.setenv("MLFLOW_HTTP_TCP_KEEPALIVE_INTERVAL", "7")
    monkeypatch.setenv("MLFLOW_HTTP_TCP_KEEPALIVE_COUNT", "often")
    options = {(level, name): value for level, name, value in socket_options()}
    assert options[socket.SOL_SOCKET, socket.SO_KEEPALIVE] == 1
    assert options[socket.IPPROTO_TCP, socket.TCP_NODELAY] == 1
    assert options[socket.IPPROTO_TCP, socket.TCP_KEEPINTVL] == 7
    assert options[socket.IPPROTO_TCP, socket.TCP_KEEPCNT] == 3


def test_connections_are_not_probed_where_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option is the system's default then."""
    monkeypatch.setenv("MLFLOW_HTTP_TCP_KEEPALIVE", "false")
    assert socket.SO_KEEPALIVE not in {name for level, name, _ in socket_options() if level == socket.SOL_SOCKET}
