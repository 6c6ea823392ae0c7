"""Every error names the culprit, what was seen, and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.errors import SettingsError
from otel_mlflow.settings import OtlpSettings, Settings, TracingSettings
from tests.unit.settings.files import problem, write


def test_value_in_the_file() -> None:
    """A value out of range is named with its file and key."""
    write("tracing: {sample_rate: 3}")
    assert problem() == "file config/mlflow.yaml: tracing.sample_rate is 3; allowed: a number from 0 to 1"


def test_value_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value out of range is named with its variable."""
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__INCOMING", "jion")
    said = "environment OTEL_MLFLOW_TRACING__INCOMING: tracing.incoming is 'jion'; allowed: join, link or ignore"
    assert problem() == said


def test_value_of_a_standard_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard variable is blamed under its own name."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "localhost:5000")
    said = problem()
    assert said.startswith("environment MLFLOW_TRACKING_URI: tracking_uri is 'localhost:5000'; allowed: databricks")
    assert "did you mean http://localhost:5000" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tracing": {"sample_rate": float("nan")}}, "a number from 0 to 1"),
        ({"tracing": {"sample_rate": -0.1}}, "a number from 0 to 1"),
        ({"tracing": {"sample_rate": False}}, "a number from 0 to 1"),
        ({"tracing": {"max_trace_depth": True}}, "a whole number from 1"),
        ({"tracing": {"keep_slower_than": 0}}, "a number of seconds above 0"),
        ({"tracing": {"max_trace_depth": 0}}, "a whole number from 1"),
        ({"tracing": {"max_content_bytes": 63}}, "a whole number of bytes from 64"),
        ({"tracing": {"max_content_bytes": 1.5}}, "a whole number of bytes from 64"),
        ({"tracing": {"backend": "jaeger"}}, "auto, mlflow, databricks or otlp"),
        ({"tracing": {"http_only_traces": "no"}}, "keep or drop"),
        ({"tracing": {"framework_spans": True}}, "drop or keep"),
        ({"tracing": {"redact_keys": ["*"]}}, "set tracing.capture_input_output"),
        ({"tracing": {"excluded_urls": "fine,["}}, "'[' is not one: unterminated character set"),
        ({"tracing": {"autolog": 3}}, "a list of MLflow flavours"),
        ({"tracing": 3}, "a section with enabled, backend"),
        ({"tracing": OtlpSettings()}, None),
        ({"tracing": {"user_headers": ["X User"]}}, "a list of header names"),
        ({"runs": {"mode": "always"}}, "off or request"),
        ({"runs": {"name": "{user}"}}, "{route}, {session_id} and {trace_id} ({user} is not one of them)"),
        ({"runs": {"name": "{route:d}"}}, "{route}, {session_id} and {trace_id} (Unknown format code 'd'"),
        ({"runs": {"name": "{route"}}, "{route}, {session_id} and {trace_id}"),
        ({"delivery": {"max_spool_bytes": 0}}, "a whole number of bytes above 0"),
        ({"delivery": {"shutdown_timeout": -1}}, "a number of seconds from 0"),
        ({"delivery": {"shutdown_timeout": float("inf")}}, "a number of seconds from 0"),
        ({"delivery": {"spool_dir": " "}}, "a folder (it is empty)"),
        ({"delivery": {"spool_dir": "a\0b"}}, "no path has a NUL in it"),
        ({"tracking_uri": "https://"}, "a scheme or a host is missing"),
        ({"tracking_uri": "http://host:99999"}, "is no port"),
        ({"tracking_uri": "http://host:5000\n"}, None),
        ({"tracking_uri": "http://my host"}, "a space or a line break"),
        ({"tracking_uri": "htps://mlflow"}, "'htps' is not a kind of tracking server"),
        ({"experiment_name": ""}, "a name"),
        ({"default_tags": "team"}, "a mapping of texts"),
        ({"default_tags": {"team": ["a"]}}, "a mapping of texts"),
        ({"otlp": {"endpoint": "collector:4318"}}, "an http:// or https:// URL"),
        ({"otlp": {"headers": {"api-key": "a\nb"}}}, "the value of 'api-key' has a character in it that no header"),
        ({"otlp": {"headers": {"api key": "a"}}}, "not the name of a header"),
        ({"tracing": {"backend": "otlp"}}, "set otlp.endpoint to the collector's address"),
        ({"unity_catalog": {"catalog": "main"}}, "set both catalog and schema"),
        ({"unity_catalog": {"table_prefix": "t"}}, "set both catalog and schema"),
    ],
)
def test_what_is_allowed(given: dict[str, Any], said: str | None) -> None:
    """For each kind of wrong value the message says what would be right."""
    if said is None:
        assert Settings(**given).sources["tracing.sample_rate"] == "default"
    else:
        assert problem(**given).startswith("argument: ")
        assert said in problem(**given)


def test_all_culprits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes take one start to find, each under its own source."""
    write("runs: {mode: never}")
    monkeypatch.setenv("OTEL_MLFLOW_TRACING__SAMPLE_RATE", "many")
    lines = problem(strict="perhaps").splitlines()
    assert sorted(line.partition(" is ")[0] for line in lines) == [
        "argument: strict",
        "environment OTEL_MLFLOW_TRACING__SAMPLE_RATE: tracing.sample_rate",
        "file config/mlflow.yaml: runs.mode",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("experiment_nmae: x", "experiment_nmae is not a setting; did you mean experiment_name?"),
        ("sample_rate: 1", "sample_rate is not a setting; did you mean tracing.sample_rate?"),
        ("tracing: {sampel_rate: 1}", "tracing.sampel_rate is not a setting; did you mean sample_rate?"),
        ("tracing: {zzz: 1}", "tracing.zzz is not a setting; allowed: enabled, backend, sample_rate,"),
        ("tracking: {url: x}", "tracking.url is not a setting; did you mean tracking.uri?"),
        ("tracking: x", "tracking is a str; allowed: a section with uri, experiment_name"),
        ("hello", "holds a str; allowed: a mapping of settings"),
        ("- a\n- b", "holds a list; allowed: a mapping of settings"),
        (
            "tracing: {sample_rate: 1",
            "is not YAML: expected ',' or '}', but got '<stream end>' at line 1, column 25",
        ),
        ("a: \x00", "is not YAML: special characters are not allowed at position 3"),
        ("a: " + "[" * 5000, "is nested too deeply"),
        ("strict: true\nstrict: false", "says these keys twice, and only the last would count: strict"),
        ("tracing: {enabled: true, enabled: false}", "twice, and only the last would count: tracing.enabled"),
    ],
)
def test_what_is_wrong_with_the_file(text: str, said: str) -> None:
    """Whatever the file holds, the message names the file and the mistake."""
    write(text)
    assert problem().startswith("file config/mlflow.yaml: ")
    assert said in problem()


def test_unknown_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable does not go unnoticed."""
    monkeypatch.setenv("OTEL_MLFLOW_TRACING_SAMPLE_RATE", "0.1")
    said = "OTEL_MLFLOW_TRACING_SAMPLE_RATE is not a setting; did you mean OTEL_MLFLOW_TRACING__SAMPLE_RATE?"
    assert problem() == f"environment: {said}"


def test_variable_of_a_whole_section(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key has a variable of its own, and these are named."""
    monkeypatch.setenv("OTEL_MLFLOW_RUNS", "{mode: request}")
    said = "OTEL_MLFLOW_RUNS is a section; its keys are variables of their own: OTEL_MLFLOW_RUNS__MODE, "
    assert problem().startswith(f"environment: {said}")


def test_unknown_variable_like_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that resembles nothing is pointed to the documentation."""
    monkeypatch.setenv("OTEL_MLFLOW_X", "0.1")
    assert problem() == "environment: OTEL_MLFLOW_X is not a setting; docs/settings.md has all there are"


def test_unknown_argument() -> None:
    """A misspelt argument is told the dotted key it was meant for."""
    assert problem(redact_kyes=[]) == "argument: redact_kyes is not a setting; did you mean tracing.redact_keys?"


def test_missing_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was named has to be there."""
    monkeypatch.setenv("OTEL_MLFLOW_CONFIG", "missing.yaml")
    said = problem()
    assert said.startswith("file missing.yaml: cannot be read: No such file or directory; ")
    assert "OTEL_MLFLOW_CONFIG" in said


def test_folder_in_place_of_the_file() -> None:
    """A file that cannot be read is not passed over, even where it need not be."""
    Path("config/mlflow.yaml").mkdir(parents=True)
    assert problem().startswith("file config/mlflow.yaml: cannot be read: Is a directory; ")


def test_section_made_by_itself() -> None:
    """A section object says the same, as far as it knows."""
    with pytest.raises(SettingsError, match=re.escape("sample_rate is 2; allowed: a number from 0 to 1")):
        TracingSettings(sample_rate=2)
