"""What is wrong is said where people look, with its name; the app serves its requests all the same."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient

from tests.acceptance.conftest import Serve
from tests.acceptance.service import Service
from tests.ports import find_free_port
from tests.servers.black_hole import full_host, silent_host
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until

HELLO = "tests.acceptance.apps.hello:app"
RATE = "OTEL_MLFLOW_TRACING__SAMPLE_RATE"

BAD_ENVIRONMENTS = {
    "unknown": ({"OTEL_MLFLOW_TRACING__SAMPEL_RATE": "0.5"}, ["OTEL_MLFLOW_TRACING__SAMPEL_RATE"]),
    "unknown-section": ({"OTEL_MLFLOW_TRACNIG__ENABLED": "true"}, ["OTEL_MLFLOW_TRACNIG__ENABLED"]),
    "out-of-range": ({RATE: "7"}, [RATE, "7"]),
    "not-a-number": ({RATE: "often"}, [RATE, "often"]),
    "no-such-choice": ({"OTEL_MLFLOW_TRACING__INCOMING": "merge"}, ["OTEL_MLFLOW_TRACING__INCOMING", "merge", "join"]),
    "no-such-scheme": ({"OTEL_MLFLOW_TRACKING_URI": "htp://mlflow"}, ["htp://mlflow"]),
}
BAD_FILES = {
    "unknown": ("tracing:\n  sampel_rate: 0.5\n", ["tracing.sampel_rate"]),
    "out-of-range": ("tracing:\n  sample_rate: 7\n", ["tracing.sample_rate", "7"]),
    "not-a-number": ("tracing:\n  sample_rate: often\n", ["tracing.sample_rate", "often"]),
    "broken": ("tracing:\n  sample_rate: [1\n", ["line"]),
    "not-a-mapping": ("- tracing\n- runs\n", []),
}

SHOWN_BY_ONE = {"unknown-section", "out-of-range", "no-such-choice"}
"""Wrong in ways that tests/unit/settings tests as well: each takes a process here, and is left to the soak."""


def each(cases: Mapping[str, tuple[Any, list[str]]], *, left_out: Collection[str]) -> list[Any]:
    """The cases as parameters, those of them in the soak alone that are left out."""
    return [
        pytest.param(*case, id=name, marks=pytest.mark.soak if name in left_out else ()) for name, case in cases.items()
    ]


def assert_complains_and_serves(service: Service, culprits: list[str]) -> None:
    """The log names all culprits, without a traceback, and the app answers."""
    assert service.get("/hello").json() == "hello"
    until(
        lambda: all(culprit in service.server.log for culprit in culprits),
        seconds=20,
        waiting_for=lambda: f"{culprits} in the log, which has:\n{service.server.log[-4000:]}",
    )
    assert service.get("/hello").json() == "hello"
    assert "otel-mlflow" in service.server.log
    assert "Traceback" not in service.server.log


@pytest.mark.parametrize(("environment", "culprits"), each(BAD_ENVIRONMENTS, left_out=SHOWN_BY_ONE))
def test_a_bad_variable_is_named(serve: Serve, environment: Mapping[str, str], culprits: list[str]) -> None:
    """The variable, what it was, and what would do."""
    assert_complains_and_serves(serve(HELLO, environment=environment), culprits)


@pytest.mark.parametrize(("text", "culprits"), each(BAD_FILES, left_out=SHOWN_BY_ONE | {"not-a-number"}))
def test_a_bad_file_is_named(serve: Serve, tmp_path: Path, text: str, culprits: list[str]) -> None:
    """The file, the key in it, what it was, and what would do."""
    (tmp_path / "bad.yaml").write_text(text)
    service = serve(HELLO, environment={"OTEL_MLFLOW_CONFIG": str(tmp_path / "bad.yaml")})
    assert_complains_and_serves(service, ["bad.yaml", *culprits])


def test_a_file_that_is_not_there_is_named(serve: Serve) -> None:
    """Where OTEL_MLFLOW_CONFIG points to nothing."""
    service = serve(HELLO, environment={"OTEL_MLFLOW_CONFIG": "nowhere/mlflow.yaml"})
    assert_complains_and_serves(service, ["OTEL_MLFLOW_CONFIG", "nowhere/mlflow.yaml"])


def test_a_server_that_cannot_be_reached_is_named(serve: Serve) -> None:
    """Nothing listens at the tracking URI."""
    nowhere = f"http://127.0.0.1:{find_free_port()}"
    assert_complains_and_serves(serve(HELLO, environment={"OTEL_MLFLOW_TRACKING_URI": nowhere}), [nowhere])


def test_an_experiment_that_does_not_exist_is_named(serve: Serve) -> None:
    """An experiment id that the server does not know."""
    service = serve(HELLO, environment={"OTEL_MLFLOW_EXPERIMENT_ID": "987654"})
    assert_complains_and_serves(service, ["987654"])


def test_an_experiment_that_was_deleted_is_named(serve: Serve, mlflow_server: MlflowServer) -> None:
    """An experiment whose name is taken by one in the bin."""
    client = MlflowClient(mlflow_server.url)
    client.delete_experiment(client.create_experiment("thrown away"))
    service = serve(HELLO, environment={"OTEL_MLFLOW_EXPERIMENT_NAME": "thrown away"})
    assert_complains_and_serves(service, ["thrown away", "deleted"])


def databricks(port: int) -> dict[str, str]:
    """A workspace at this port."""
    host = f"http://127.0.0.1:{port}"
    return {"OTEL_MLFLOW_TRACKING_URI": "databricks", "DATABRICKS_HOST": host, "DATABRICKS_TOKEN": "a-token"}


def mlflow(port: int) -> dict[str, str]:
    """An MLflow server at this port."""
    return {"OTEL_MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}


@pytest.mark.parametrize(
    ("backend", "host"),
    [
        (mlflow, silent_host),
        (databricks, full_host),
        pytest.param(mlflow, full_host, marks=pytest.mark.soak),
        pytest.param(databricks, silent_host, marks=pytest.mark.soak),
    ],
)
def test_a_host_that_answers_nothing_holds_up_no_request(
    serve: Serve, host: Callable[[], AbstractContextManager[int]], backend: Callable[[int], dict[str, str]]
) -> None:
    """The first request is answered within two seconds, and so are the ones that follow."""
    with host() as port:
        service = serve(HELLO, environment=backend(port))
        for _ in range(3):
            assert httpx.get(f"{service.server.url}/hello", timeout=2).json() == "hello"
