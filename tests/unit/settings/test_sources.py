"""Arguments, then the environment, then the file, then the default."""

from __future__ import annotations

import logging

import pytest

from otel_mlflow.settings import Settings, TracingSettings
from otel_mlflow.settings.model import keys
from tests.unit.settings.files import write


def test_arguments_win_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program says counts, whatever else is there."""
    write("tracing: {sample_rate: 0.3}")
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__SAMPLE_RATE", "0.2")
    assert Settings(tracing={"sample_rate": 0.1}).tracing.sample_rate == 0.1


def test_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment changes what the repository says."""
    write("tracing: {sample_rate: 0.3}")
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__SAMPLE_RATE", "0.2")
    assert Settings().tracing.sample_rate == 0.2


def test_file_wins_over_the_default() -> None:
    """config/mlflow.yaml is found by itself."""
    write("tracing: {sample_rate: 0.3}")
    assert Settings().tracing.sample_rate == 0.3


def test_without_anything_the_defaults_hold() -> None:
    """Nothing has to be set."""
    settings = Settings()
    assert (settings.tracing.sample_rate, settings.tracing.autolog, settings.runs.mode) == (1, ["langchain"], "off")


def test_each_key_of_a_section_comes_from_its_own_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument for one key leaves the others of its section to the environment and the file."""
    write("tracing: {incoming: link}")
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__MAX_TRACE_DEPTH", "3")
    tracing = Settings(tracing=TracingSettings(sample_rate=0.5)).tracing
    assert (tracing.sample_rate, tracing.max_trace_depth, tracing.incoming) == (0.5, 3, "link")


def test_standard_name_stands_between_ours_and_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLFLOW_TRACKING_URI wins over the file, and OTEL_MLFLOW_TRACKING_URI over it."""
    write("tracking_uri: http://file")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://standard")
    assert Settings().tracking_uri == "http://standard"
    monkeypatch.setenv("OTEL_MLFLOW_TRACKING_URI", "http://ours")
    assert Settings().tracking_uri == "http://ours"


@pytest.mark.parametrize(
    ("name", "value", "key", "expected"),
    [
        ("MLFLOW_EXPERIMENT_NAME", "agents", "experiment_name", "agents"),
        ("MLFLOW_EXPERIMENT_ID", "17", "experiment_id", "17"),
        ("OTEL_SERVICE_NAME", "slides", "service_name", "slides"),
        ("OTEL_SDK_DISABLED", "True", "tracing.enabled", False),
        ("OTEL_PYTHON_FASTAPI_EXCLUDED_URLS", "client/.*/info,ping", "tracing.excluded_urls", None),
    ],
)
def test_standard_names_are_honoured(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, key: str, expected: object
) -> None:
    """What is already set for MLflow and OpenTelemetry need not be set twice."""
    monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.redacted()[key] == (expected if expected is not None else value.split(","))
    assert settings.sources[key] == f"environment {name}"


def test_only_true_disables_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry reads any other word as false, and a false OTEL_SDK_DISABLED orders nothing."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "1")
    assert Settings().tracing.enabled
    assert Settings().sources["tracing.enabled"] == "default"


def test_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenTelemetry's rule for its own variables holds for ours."""
    monkeypatch.setenv("OTEL_MLFLOW_EXPERIMENT_NAME", "")
    monkeypatch.setenv("OTEL_MLFLOW_CONFIG", "")
    monkeypatch.setenv("OTEL_MLFLOW_UNKNOWN", "")
    assert Settings().experiment_name is None


def test_stronger_experiment_name_drops_a_weaker_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that injects an experiment's id does not outvote the name in the program."""
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "17")
    settings = Settings(experiment_name="mine")
    assert (settings.experiment_name, settings.experiment_id) == ("mine", None)


def test_stronger_experiment_id_drops_a_weaker_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the other way round."""
    write("experiment_name: from the file")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "17")
    assert (Settings().experiment_name, Settings().experiment_id) == (None, "17")


def test_file_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """OTEL_MLFLOW_CONFIG is read instead of config/mlflow.yaml."""
    write("service_name: usual")
    monkeypatch.setenv("OTEL_MLFLOW_CONFIG", str(write("service_name: named", "elsewhere.yaml")))
    assert Settings().service_name == "named"


def test_load_names_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path given to load() wins over OTEL_MLFLOW_CONFIG; the environment still wins over the file."""
    monkeypatch.setenv("OTEL_MLFLOW_CONFIG", "missing.yaml")
    monkeypatch.setenv("OTEL_MLFLOW_STRICT", "true")
    settings = Settings.load(write("{service_name: loaded, strict: false}", "mine.yaml"))
    assert (settings.service_name, settings.strict) == ("loaded", True)


def test_sources_name_each_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every key it can be seen where its value came from."""
    write("tracing: {sample_rate: 0.3}")
    monkeypatch.setenv("OTEL_MLFLOW_STRICT", "1")
    sources = Settings(runs={"mode": "request"}).sources
    assert list(sources) == list(keys())
    assert sources["runs.mode"] == "argument"
    assert sources["strict"] == "environment OTEL_MLFLOW_STRICT"
    assert sources["tracing.sample_rate"] == "file config/mlflow.yaml"
    assert sources["otlp.endpoint"] == "default"


def test_one_warning_names_them_all(caplog: pytest.LogCaptureFixture) -> None:
    """Sections that are not ours are ignored, and it is said once."""
    write("registry: {uri: x}\nserving: {port: 1}\nlater:\nexperiment_name: mine\n")
    with caplog.at_level(logging.WARNING, logger="otel_mlflow"):
        settings = Settings()
    assert settings.experiment_name == "mine"
    [record] = caplog.records
    assert record.getMessage().endswith("not settings of otel-mlflow: registry, serving, later")


def test_section_that_looks_like_a_slip_is_asked_about(caplog: pytest.LogCaptureFixture) -> None:
    """A misspelt section of ours cannot be told from a foreign one; the warning says what it looks like."""
    write("traicng: {sample_rate: 0.1}")
    with caplog.at_level(logging.WARNING, logger="otel_mlflow"):
        Settings()
    assert "traicng (did you mean tracing?)" in caplog.text


def test_none_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A file with nothing but ours is read in silence."""
    write("tracking: {uri: databricks}\ndefault_tags: {a: b}\n")
    Settings()
    assert not caplog.records
