"""What `otel-mlflow run` starts, and in which environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from otel_mlflow.autoinstrument.chain import BOOTSTRAP
from otel_mlflow.commands.cli import main
from otel_mlflow.commands.run import _inside_opentelemetry
from otel_mlflow.settings.environment import with_variables

REPOSITORY = Path(__file__).parents[3]


def test_a_command_that_is_not_there_is_named() -> None:
    """Wrong usage, exit code 2."""
    result = CliRunner().invoke(main, ["run", "no-such-server", "main:app"])
    assert result.exit_code == 2
    assert "no command 'no-such-server'" in result.output


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("uvicorn", "main:app"), None),
        (("/bin/opentelemetry-instrument", "uvicorn"), ["/bin/opentelemetry-instrument", "OURS", "uvicorn"]),
        (
            ("opentelemetry-instrument", "--traces_exporter", "none", "--a=b", "uvicorn", "--port", "1"),
            ["opentelemetry-instrument", "--traces_exporter", "none", "--a=b", "OURS", "uvicorn", "--port", "1"],
        ),
    ],
)
def test_opentelemetry_instrument_goes_round_ours(command: tuple[str, ...], expected: list[str] | None) -> None:
    """It imports no `sitecustomize` but its own, so it has to come first."""
    ours = f"{sys.executable} -m otel_mlflow.commands.cli run"
    inside = _inside_opentelemetry(command, ops=False)
    assert (inside and " ".join(inside)) == (expected and " ".join(expected).replace("OURS", ours))


def test_our_folder_comes_first_on_the_path_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there stays behind it."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/theirs", "/ours"]))
    assert with_variables({"A": "1"}, first_on_path=["/ours"])["PYTHONPATH"] == os.pathsep.join(["/ours", "/theirs"])


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; print('mlflow' in sys.modules, 'starlette' in sys.modules)", "False False"),
        ("import starlette.applications as a; print(a.Starlette.__call__.__name__)", "__call__"),
        ("import sitecustomize; print('theirs' if 'theirs' in sitecustomize.__file__ else 'ours')", "theirs"),
    ],
    ids=["nothing is imported", "a framework may be", "the next sitecustomize is the one"],
)
def test_a_process_below_ours_starts_as_without_us(tmp_path: Path, program: str, said: str) -> None:
    """Whatever it is: most serve nothing."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "sitecustomize.py").write_text("")
    path = os.pathsep.join(map(str, (BOOTSTRAP, theirs, REPOSITORY)))
    result = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert (result.stdout.strip(), result.stderr) == (said, "")
