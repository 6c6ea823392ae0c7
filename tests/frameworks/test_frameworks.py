"""Each way of calling each framework: one trace a request, each call one span. `make frameworks` runs these."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.frameworks.environments import ENVIRONMENTS, RESULTS, ROOT
from tests.frameworks.exactness import faults
from tests.frameworks.framework import COLUMNS, Expected
from tests.frameworks.known import KNOWN
from tests.frameworks.rows import ROWS, Row, result_file
from tests.once import alone, folder_of_run
from tests.ports import find_free_port
from tests.servers.process import ChildProcess, clean_environment, until

TIMEOUT = 280
"""Seconds for all columns of a row, its imports included."""

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="session")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a model server of this run."""
    port = find_free_port()
    folder = tmp_path_factory.mktemp("model-server")
    command = [sys.executable, "-m", "tests.frameworks.model_server.server", str(port)]
    process = ChildProcess(command, folder=folder, environment={"PYTHONPATH": str(ROOT)})
    until(lambda: _answers(port), seconds=60, waiting_for=lambda: process.log)
    yield f"http://127.0.0.1:{port}"
    process.terminate()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all of pytest's workers."""
    return folder_of_run(tmp_path_factory, "frameworks")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_call_is_one_span_in_the_trace_of_its_request(row: Row, column: str, model_server: str, folder: Path) -> None:
    """Or it is known whose fault it is, and still is."""
    results = _results(row, model_server, folder)
    if column not in results:
        pytest.skip("the framework does not offer it")
    found = faults(column, results[column], Expected(**results["expected"]))
    if (row.name, column) in KNOWN:
        assert found, "it is exact by now: take it out of the table"
    else:
        assert found == []


def _results(row: Row, model_server: str, folder: Path) -> dict[str, Any]:
    """What a row has left, in an application of its own: made once for all of pytest's workers."""
    out, log = result_file(row, folder), result_file(row, folder).with_suffix(".log")
    with alone(out.with_suffix(".lock")):
        if not log.exists():
            _run(row, model_server, out, log)
    assert out.exists(), log.read_text(encoding="utf-8")[-3000:]
    results: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return results


def _run(row: Row, model_server: str, out: Path, log: Path) -> None:
    command = [str(ENVIRONMENTS[row.environment].python), "-m", "tests.frameworks.program", row.name, model_server]
    with log.open("w", encoding="utf-8") as said:
        subprocess.run(
            [*command, str(out)],
            cwd=out.parent,
            env=clean_environment(_clients_environment(model_server, out.parent)),
            stdout=said,
            stderr=said,
            timeout=TIMEOUT,
            check=False,
        )
    if out.exists():
        RESULTS.mkdir(parents=True, exist_ok=True)
        shutil.copy(out, RESULTS)


def _clients_environment(model_server: str, folder: Path) -> dict[str, str]:
    """What the clients are configured by."""
    key = "not-a-secret"
    return {
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "OPENAI_API_KEY": key,
        "OPENAI_BASE_URL": f"{model_server}/v1",
        "OPENAI_API_BASE": f"{model_server}/v1",
        "ANTHROPIC_API_KEY": key,
        "ANTHROPIC_BASE_URL": model_server,
        "GOOGLE_API_KEY": key,
        "GOOGLE_GEMINI_BASE_URL": model_server,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/served/none")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
