"""What people type is a promise: the names, what importing them costs, and how they are typed."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import otel_mlflow
from otel_mlflow import testing
from otel_mlflow.testing import pytest_plugin

NAMES = [
    "MlflowSpanExporter",
    "RequestTrace",
    "Settings",
    "Tracing",
    "TracingMiddleware",
    "TracingSetupError",
    "continued",
    "current_trace",
    "instrument",
    "log_feedback",
    "uninstrument",
]


def run(program: str) -> str:
    """What a fresh process prints."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_the_public_names_are_these() -> None:
    """A name more is a promise more, a name less breaks somebody's program."""
    assert sorted(otel_mlflow.__all__) == NAMES
    assert otel_mlflow.__all__ == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_what_it_is_called(name: str) -> None:
    """Imported when it is first used, documented, and of this package."""
    value = getattr(otel_mlflow, name)
    assert value.__name__ == name
    assert value.__module__.startswith("otel_mlflow.")
    assert inspect.getdoc(value)


def test_names_are_offered_before_they_are_imported() -> None:
    """For completion in notebooks and editors."""
    program = "import otel_mlflow; print(all(name in dir(otel_mlflow) for name in otel_mlflow.__all__))"
    assert run(program) == "True"


def test_a_name_that_is_none_of_ours_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="module 'otel_mlflow' has no attribute 'trace'"):
        otel_mlflow.trace  # noqa: B018


def test_importing_the_package_imports_nothing_that_costs() -> None:
    """Neither MLflow nor the Databricks SDK nor LangChain, nor OpenTelemetry's SDK: the cost comes with first use."""
    program = (
        "import sys, otel_mlflow\n"
        "costly = ('mlflow', 'databricks', 'langchain', 'langchain_core', 'langgraph', 'opentelemetry', 'pydantic')\n"
        "print([name for name in costly if name in sys.modules])"
    )
    assert run(program) == "[]"


@pytest.mark.parametrize("name", ["Settings", "TracingSetupError", "TracingMiddleware", "current_trace", "continued"])
def test_these_names_do_without_mlflow(name: str) -> None:
    """A job that only continues traces, or a tool that only reads settings, does not pay for it."""
    assert run(f"import sys; from otel_mlflow import {name}; print('mlflow' in sys.modules)") == "False"


@pytest.mark.parametrize("module", ["otel_mlflow.commands.cli", "otel_mlflow.ops"])
def test_the_command_line_does_without_mlflow(module: str) -> None:
    """Which takes a second and more: `otel-mlflow run` would wait for it before the application does, once more."""
    assert run(f"import sys, {module}; print('mlflow' in sys.modules)") == "False"


def test_the_methods_of_a_request_s_trace_are_these() -> None:
    """CONTRACT section 1."""
    assert sorted(name for name in vars(otel_mlflow.RequestTrace) if not name.startswith("_")) == [
        "carrier",
        "id",
        "log_metrics",
        "log_params",
        "set_inputs",
        "set_outputs",
        "set_session",
        "set_tags",
        "set_user",
        "url",
    ]


def test_tracing_offers_what_the_contract_says() -> None:
    """More is for our own rooms."""
    for name in ("start", "status", "flush", "shutdown", "experiment_id"):
        assert hasattr(otel_mlflow.Tracing, name)
    assert list(inspect.signature(otel_mlflow.Tracing.flush).parameters.values())[1].default == 30.0


def test_signatures_are_these() -> None:
    """What is given by position, by name, and what may be left out."""
    signatures = {
        "instrument": "(app, settings=None, *, tracer_provider=None, experiment_for=None)",
        "uninstrument": "(app)",
        "TracingMiddleware": "(app, *, tracing)",
        "continued": "(carrier, name)",
        "current_trace": "()",
        "log_feedback": "(trace_id, name, value, *, rationale=None, user=None, metadata=None)",
    }
    for name, expected in signatures.items():
        signature = inspect.signature(getattr(otel_mlflow, name))
        parameters = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
        plain = signature.replace(parameters=parameters, return_annotation=signature.empty)
        assert str(plain) == expected, name


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("opentelemetry_traces_exporter", "mlflow", "otel_mlflow.exporter:MlflowSpanExporter"),
        ("console_scripts", "otel-mlflow", "otel_mlflow.commands.cli:main"),
        ("pytest11", "otel_mlflow", "otel_mlflow.testing.pytest_plugin"),
    ],
)
def test_others_find_us_by_these_entry_points(group: str, name: str, value: str) -> None:
    """OpenTelemetry, the shell and pytest."""
    assert [found.value for found in entry_points(group=group, name=name)] == [value]


def test_the_testing_module_offers_a_context_manager_and_a_fixture() -> None:
    """For users' own tests."""
    assert callable(testing.capture)
    assert inspect.getdoc(pytest_plugin.mlflow_traces)


def test_the_package_is_typed() -> None:
    """PEP 561: type checkers read our annotations only where this file is."""
    assert (Path(otel_mlflow.__file__).parent / "py.typed").exists()
