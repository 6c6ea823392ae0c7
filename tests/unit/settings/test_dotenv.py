"""A `.env` that nobody has loaded is pointed out, without its secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_mlflow.settings.dotenv import unloaded_file


@pytest.fixture(autouse=True)
def no_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody's workspace be set."""
    monkeypatch.delenv("DATABRICKS_HOST", raising=False)


def write(text: str, folder: str = ".") -> Path:
    """Write a `.env`."""
    file = Path(folder) / ".env"
    file.write_text(text)
    return file.resolve()


def test_without_a_file_there_is_nothing_to_say() -> None:
    """Most applications have none."""
    assert unloaded_file() is None


def test_what_is_not_set_here_is_told() -> None:
    """The case behind this project: the file has the right workspace, and the server never loaded it."""
    path = write("DATABRICKS_HOST=https://right.example\n")
    assert str(unloaded_file()) == (
        f"{path} is not loaded and says otherwise: DATABRICKS_HOST=https://right.example (not set here)"
    )


def test_what_is_set_otherwise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With both values, so that it is clear which one counts."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://wrong.example")
    write("MLFLOW_TRACKING_URI=http://right.example\n")
    assert "MLFLOW_TRACKING_URI=http://right.example (here http://wrong.example)" in str(unloaded_file())


@pytest.mark.parametrize("used", ["https://right.example", "https://right.example/"])
def test_a_file_that_was_loaded_is_no_news(used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that says the same in other words."""
    monkeypatch.setenv("DATABRICKS_HOST", used)
    write("DATABRICKS_HOST=https://right.example\nPORT=8000\n")
    assert unloaded_file() is None


@pytest.mark.parametrize(
    "line",
    [
        "DATABRICKS_TOKEN=hunter2",
        "DATABRICKS_CLIENT_SECRET=hunter2",
        "MLFLOW_TRACKING_PASSWORD=hunter2",
        "MLFLOW_TRACKING_URI=http://me:hunter2@mlflow.example",
        "OTEL_EXPORTER_OTLP_HEADERS=x-team=hunter2",
        "OTEL_MLFLOW_OTLP__HEADERS=x-team=hunter2",
    ],
)
def test_no_secret_is_shown(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the file's nor the environment's."""
    name = line.partition("=")[0]
    write(line)
    assert name in str(unloaded_file())
    monkeypatch.setenv(name, line.partition("=")[2].replace("hunter2", "hunter2-too"))
    assert "hunter2" not in str(unloaded_file())


def test_where_to_comes_first() -> None:
    """The host says more than that there is a token."""
    write("DATABRICKS_TOKEN=hunter2\nDATABRICKS_HOST=https://right.example\n")
    found = unloaded_file()
    assert found is not None
    assert [difference.name for difference in found.differences] == ["DATABRICKS_HOST", "DATABRICKS_TOKEN"]


def test_a_file_above_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application may be started in a folder of its project."""
    write("MLFLOW_TRACKING_URI=http://right.example\n")
    Path("backend").mkdir()
    monkeypatch.chdir("backend")
    assert unloaded_file() is not None
