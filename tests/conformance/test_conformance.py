"""MLflow inside a request is MLflow: each public function, with MLflow alone and in an instrumented application."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.conformance.differences import ALWAYS, IN_SOME_VERSIONS, MEANT, NOT_TRIED, comparable
from tests.conformance.public import public_functions
from tests.conformance.scenarios import COVERS, SCENARIOS
from tests.once import alone, folder_of_run

ROOT = Path(__file__).parents[2]
TIMEOUT = 240
HOW = ("alone", "instrumented")

Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Found]:
    """What the scenarios left, with MLflow alone and in requests: made once for all of pytest's workers."""
    folder = folder_of_run(tmp_path_factory, "conformance")
    with alone(folder / "lock"):
        if not (folder / "done").exists():
            _run_all(folder)
            (folder / "done").touch()
    read = {how: (folder / f"{how}.json").read_text(encoding="utf-8") for how in HOW}
    return {how: json.loads(text) for how, text in read.items()}


def _run_all(folder: Path) -> None:
    """Two processes, side by side."""
    with warnings.catch_warnings():
        # MLflow's own use of its database's library.
        warnings.simplefilter("ignore")
        MlflowClient(f"sqlite:///{folder / 'empty.db'}").search_experiments()
    running = {how: _start(how, folder) for how in HOW}
    for how, process in running.items():
        said, _ = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0, f"{how}: {said}"


def _start(how: str, folder: Path) -> subprocess.Popen[str]:
    store = shutil.copy(folder / "empty.db", folder / f"{how}.db")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "OTEL_"))}
    environment = {**kept, "PYTHONPATH": str(ROOT), "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(folder / "spool")}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.program", how, f"sqlite:///{store}", str(folder / f"{how}.json")],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_every_public_function_is_tried_or_said_why_not() -> None:
    """A function that is new in MLflow fails this until somebody decides about it."""
    tried = set().union(*COVERS.values())
    assert sorted(public_functions() - tried - NOT_TRIED.keys()) == []


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_scenario_leaves_the_same_in_a_request(found: dict[str, Found], name: str) -> None:
    """Field by field, but for the differences that are meant."""
    alone, instrumented = found["alone"][name], found["instrumented"][name]
    differing = [field for field in alone if comparable(field, alone[field]) != comparable(field, instrumented[field])]
    meant = {field for scenario, field in MEANT.keys() | IN_SOME_VERSIONS.keys() if scenario == name} | ALWAYS.keys()
    unexpected = [field for field in differing if field not in meant]
    assert _lines(instrumented, unexpected) == _lines(alone, unexpected)


def _lines(said: dict[str, Any], fields: list[str]) -> list[str]:
    """The fields line by line, so that a difference is to be seen."""
    return json.dumps({field: said[field] for field in fields}, indent=1, sort_keys=True).splitlines()


@pytest.mark.parametrize(("name", "field"), sorted(MEANT))
def test_a_difference_that_is_meant_is_one(found: dict[str, Found], name: str, field: str) -> None:
    """The table says what is, not what might be."""
    if name not in SCENARIOS:
        pytest.skip("the installed MLflow lacks what it tries")
    alone, instrumented = found["alone"][name], found["instrumented"][name]
    assert comparable(field, alone[field]) != comparable(field, instrumented[field])
