"""What is released: built the same twice, checked, installed into an empty environment, and used as the README says."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from packaging.metadata import Metadata

import otel_mlflow
from tests.manual.licences import EXTRAS
from tests.manual.markdown import ROOT, blocks_of
from tests.manual.released import UV, build, install, wheel
from tests.ports import find_free_port
from tests.servers.process import ChildProcess, clean_environment, until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

PATIENCE = 600
"""Seconds for a program that has to import MLflow for the first time, on a busy machine."""

READ = """
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
(experiment,) = [each for each in mlflow.search_experiments() if each.name == "FastAPI"]
(trace,) = mlflow.search_traces(locations=[experiment.experiment_id], return_type="list")
print(trace.info.trace_id, sorted(span.name for span in trace.data.spans))
"""
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with wheel and source distribution, built from what git has of the working tree."""
    return build(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def environment(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has the wheel and what its extras bring, in the locked versions, and nothing else."""
    return install(built, tmp_path_factory.mktemp("environment"), sys.executable)


def test_it_is_built_the_same_twice(built: Path, tmp_path: Path) -> None:
    """Byte by byte, wheel and source distribution, wherever and whenever."""
    again = build(tmp_path)
    hashes = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        for folder in (built, again)
    ]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 2


def test_its_metadata_are_valid(built: Path) -> None:
    """By the core metadata's rules; the page that is shown is the README."""
    with zipfile.ZipFile(wheel(built)) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Metadata.from_email(archive.read(name), validate=True)
    assert metadata.description is not None
    assert metadata.description.startswith("# otel-mlflow")
    assert set(EXTRAS) <= set(metadata.provides_extra or ())


def test_it_holds_what_it_should(built: Path) -> None:
    """The package with its types, its page and its licence in the wheel; what proves it in the source distribution."""
    with zipfile.ZipFile(wheel(built)) as archive:
        names = archive.namelist()
    assert {"otel_mlflow/py.typed", "otel_mlflow/ops/page/index.html"} <= set(names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"otel_mlflow"}
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as packed:
        inside = {name.partition("/")[2].partition("/")[0] for name in packed.getnames()}
    assert {"otel_mlflow", "app", "config", "docs", "tests", "README.md", "CHANGELOG.md", "LICENSE"} <= inside


def test_its_version_is_in_the_changelog(environment: Path) -> None:
    """And it is what the command says."""
    said = subprocess.run(
        [environment / "bin" / "otel-mlflow", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    version = said.stdout.split()[-1]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("python", PYTHONS)
def test_it_can_be_installed(python: str, built: Path, tmp_path: Path) -> None:
    """With all extras on each Python: there are versions of everything that go together."""
    wanted = tmp_path / "wanted.in"
    wanted.write_text(f"otel-mlflow[{','.join(EXTRAS)}] @ {wheel(built).as_uri()}\n", encoding="utf-8")
    compile_ = [UV, "pip", "compile", "--quiet", "--no-header", "--python-version", python, str(wanted)]
    found = subprocess.run(compile_, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert found.returncode == 0, found.stderr
    assert "mlflow-skinny==" in found.stdout


def test_importing_it_imports_nothing_heavy(environment: Path, tmp_path: Path) -> None:
    """In the empty environment as in ours."""
    program = (
        "import sys, otel_mlflow; print(sorted({'mlflow', 'databricks', 'langchain', 'pytest'} & set(sys.modules)))"
    )
    assert run(environment, tmp_path, "-c", program) == "[]\n"


def test_capture_needs_no_pytest(environment: Path, tmp_path: Path) -> None:
    """What the guide says of tests."""
    program = (
        "import mlflow; from otel_mlflow.testing import capture\n"
        "with capture() as traces:\n"
        "    with mlflow.start_span('a'): pass\n"
        "print(len(traces))"
    )
    assert run(environment, tmp_path, "-c", program) == "1\n"


def test_its_types_are_seen_from_outside(environment: Path, tmp_path: Path) -> None:
    """By mypy, strictly, of a user's module beside the installed package."""
    shutil.copyfile(ROOT / "tests" / "typing" / "api.py", tmp_path / "api.py")
    python = f"{environment}/bin/python"
    mypy = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "api.py"]
    found = subprocess.run(mypy, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert found.returncode == 0, found.stdout


def test_pyright_sees_its_types(environment: Path, tmp_path: Path) -> None:
    """Of the same module, strictly."""
    pyright = Path(sys.prefix) / "pyright" / "bin" / "basedpyright"
    if not pyright.exists():
        pytest.skip("needs Pyright, which `make soak` installs")
    shutil.copyfile(ROOT / "tests" / "typing" / "api.py", tmp_path / "api.py")
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    found = subprocess.run(
        [pyright, "--pythonpath", f"{environment}/bin/python"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert found.returncode == 0, found.stdout


def run(environment: Path, folder: Path, *arguments: str) -> str:
    """Run the environment's Python; what it printed."""
    found = subprocess.run(
        [f"{environment}/bin/python", *arguments],
        cwd=folder,
        env=alone(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def alone(folder: Path) -> dict[str, str]:
    """An environment without anything of ours."""
    return {name: value for name, value in clean_environment({"HOME": str(folder)}).items() if name != "PYTHONPATH"}


@pytest.fixture
def readme_app(environment: Path, tmp_path: Path) -> Iterator[tuple[str, ChildProcess]]:
    """The README's app, started by the README's command, in an empty folder; only the port is ours."""
    shell = next(block for block in blocks_of("README.md") if block.language == "sh")
    command = shell.text.strip().splitlines()[-1]
    (tmp_path / "main.py").write_text(blocks_of("README.md")[0].text, encoding="utf-8")
    port = find_free_port()
    variables = {"PATH": f"{environment / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    child = ChildProcess(["sh", "-c", f"exec env {command} --port {port}"], folder=tmp_path, environment=variables)
    until(lambda: "Uvicorn running" in child.log, seconds=PATIENCE, waiting_for=lambda: child.log)
    yield f"http://127.0.0.1:{port}", child
    child.terminate()


def test_the_readme_s_two_commands_make_a_trace(
    readme_app: tuple[str, ChildProcess], environment: Path, tmp_path: Path
) -> None:
    """In the store that it names, with both spans; and the doctor finds nothing wrong."""
    url, child = readme_app
    answer = httpx.get(f"{url}/ask", params={"question": "six times seven"}, timeout=PATIENCE)
    until(lambda: "traces go to experiment 'FastAPI'" in child.log, seconds=PATIENCE, waiting_for=lambda: child.log)
    child.terminate()
    assert run(environment, tmp_path, "-c", READ) == f"{answer.headers['x-mlflow-trace-id']} ['GET /ask', 'think']\n"
    doctor = subprocess.run(
        [environment / "bin" / "otel-mlflow", "doctor"],
        cwd=tmp_path,
        env=alone(tmp_path) | {"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db", "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert doctor.returncode == 0, doctor.stdout
    assert "fail" not in doctor.stdout
    assert "warn" not in doctor.stdout


def test_the_tested_version_is_installed() -> None:
    """The tests run on the tree that is built here, not on one that was installed."""
    assert Path(otel_mlflow.__file__).is_relative_to(ROOT)
