"""Which settings count, and where each came from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from otel_mlflow.delivery.destinations import display_backend
from otel_mlflow.diagnosis.check_result import CheckResult, ok, warn
from otel_mlflow.diagnosis.setup import Setup
from otel_mlflow.settings.sources import DEFAULT_FILE


def check(setup: Setup) -> CheckResult:
    """List them. A tracking URI that nobody has set is rarely what was meant."""
    settings = setup.settings
    shown, sources = settings.redacted(), settings.sources
    given = [f"{key} = {shown[key]} ({source})" for key, source in sources.items() if source != "default"]
    found = "; ".join([*given, _rest(sources.values())])
    goes_by_uri = settings.tracing.enabled and settings.tracing.backend != "otlp"
    if goes_by_uri and sources["tracking_uri"] == "default":
        return warn(
            f"nothing says where traces go, so it is MLflow's own default, {display_backend(settings)}; {found}",
            "set tracking_uri, say by MLFLOW_TRACKING_URI",
        )
    return ok(found)


def _rest(sources: Iterable[str]) -> str:
    if any(source.startswith("file ") for source in sources):
        return "all else are defaults"
    return f"all else are defaults: no YAML file says anything, {DEFAULT_FILE} being looked for in {Path.cwd()}"
