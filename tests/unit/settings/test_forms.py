"""The ways in which a value may be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from otel_mlflow.settings import Settings
from tests.unit.settings.files import write


@pytest.mark.parametrize("text", ["a, b", '["a", "b"]', " a,b,"])
def test_list_in_one_line(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A list in a variable is words between commas, or JSON."""
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__AUTOLOG", text)
    assert Settings().tracing.autolog == ["a", "b"]


def test_empty_list_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is none, so that an empty list is written as JSON."""
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__AUTOLOG", "[]")
    assert Settings().tracing.autolog == []


@pytest.mark.parametrize("text", ["team=data,env=a%20b", '{"team": "data", "env": "a b"}', "team = data, env=a b"])
def test_mapping_in_one_line(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A mapping in a variable is written as OTEL_EXPORTER_OTLP_HEADERS is, or as JSON."""
    monkeypatch.setenv("OTEL_MLFLOW_DEFAULT_TAGS", text)
    assert Settings().default_tags == {"team": "data", "env": "a b"}


def test_tags_are_texts_whatever_yaml_makes_of_them() -> None:
    """Numbers and truth values in YAML become the words for them."""
    write("default_tags: {version: 1.2, production: true, build: 7}")
    assert Settings().default_tags == {"version": "1.2", "production": "true", "build": "7"}


def test_yaml_off_is_the_word_off() -> None:
    """YAML 1.1 reads `off` as false; `runs.mode: off` still means what it says."""
    write("runs: {mode: off}")
    assert Settings().runs.mode == "off"


def test_id_without_quotes() -> None:
    """An experiment's id is a text that looks like a number."""
    write("experiment_id: 123")
    assert Settings().experiment_id == "123"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "tracing:\n", "experiment_name:\ntracing:\n  sample_rate:\n"])
def test_key_without_a_value_is_not_set(text: str) -> None:
    """A file, a section or a key whose lines are all commented out is as good as none."""
    write(text)
    assert Settings() == Settings()
    assert set(Settings().sources.values()) == {"default"}


def test_old_shape_keeps_working() -> None:
    """A file written for the first versions is read as it is."""
    write(
        "tracking: {uri: databricks, experiment_name: /Users/me@x.com/agent}\n"
        "tracing: {enabled: true, backend: databricks, sample_rate: 0.5, capture_input_output: false,\n"
        "          capture_model_config: false, max_trace_depth: 10}\n"
        "default_tags: {team: data}\n"
    )
    settings = Settings()
    assert (settings.tracking_uri, settings.experiment_name) == ("databricks", "/Users/me@x.com/agent")
    assert (settings.tracing.backend, settings.tracing.max_trace_depth) == ("databricks", 10)


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        ("sqlite:///mlflow.db", "sqlite:///{here}/mlflow.db"),
        ("sqlite+pysqlite:///../data/mlflow.db?timeout=9", "sqlite+pysqlite:///{above}/data/mlflow.db?timeout=9"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
    ],
)
def test_a_database_s_file_is_named_by_its_whole_path(uri: str, named: str) -> None:
    """Two apps that share a user's spool, each with `sqlite:///mlflow.db` in its folder, mean two files."""
    here = Path.cwd()
    assert Settings(tracking_uri=uri).tracking_uri == named.format(here=here, above=here.parent)


def test_the_spool_folder_stays_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An application that changes its current folder later has one spool."""
    here, settings = Path.cwd(), Settings(delivery={"spool_dir": "spool"})
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert settings.delivery.spool_dir.resolve() == here / "spool"


def test_tilde_in_the_spool_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`~` is the user's home, as a person who writes it expects."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(delivery={"spool_dir": "~/spool"}).delivery.spool_dir == tmp_path / "spool"
