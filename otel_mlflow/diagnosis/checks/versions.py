"""Which versions are installed, and whether they go together."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

from otel_mlflow.diagnosis.check_result import CheckResult, fail, ok, warn
from otel_mlflow.diagnosis.setup import Setup

US = "otel-mlflow"
SHOWN = ("mlflow", "mlflow-skinny", "opentelemetry-sdk", "fastapi", "starlette", "langchain", "databricks-sdk")
EXTRAS = ("", "fastapi", "langchain", "server", "databricks", "cli", "ops")
"""What users install; `demo` and `dev` are ours: an old setuptools is no fault of a user's environment."""
MLFLOW_PARTS = ("mlflow", "mlflow-skinny", "mlflow-tracing")
"""Distributions that share one import name: of different versions, they overwrite each other's files."""


def check(setup: Setup) -> CheckResult:
    """Compare what is installed with what this package asks for, extras included where they are installed."""
    versions = {name: version for name in (US, *SHOWN) if (version := installed(name)) is not None}
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    found = f"Python {platform.python_version()}, {listed}"
    if wrong := [f"{name} {version} (needed: {needed})" for name, version, needed in unsupported()]:
        return fail(f"{found}; not supported: {', '.join(wrong)}", f"pip install --upgrade {US}, with its extras")
    parts = {name: installed(name) for name in MLFLOW_PARTS if installed(name)}
    if len(set(parts.values())) > 1:
        return warn(
            f"{found}; MLflow's parts are of different versions: {parts}",
            f"pip install {' '.join(f'{name}=={max(map(str, parts.values()))}' for name in parts)}",
        )
    return ok(found)


def unsupported() -> Iterator[tuple[str, str, str]]:
    """What is installed in a version that this package does not allow: name, version, what is needed."""
    for needed in map(Requirement, metadata.requires(US) or ()):
        if needed.marker and not any(needed.marker.evaluate({"extra": extra}) for extra in EXTRAS):
            continue
        version = installed(needed.name)
        if version is not None and not needed.specifier.contains(version, prereleases=True):
            yield needed.name, version, str(needed.specifier)


def installed(name: str) -> str | None:
    """The version of a distribution, None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
