"""What to go on with when the environment or the YAML file cannot be used: nothing is traced, and it says why."""

from __future__ import annotations

import os

from otel_mlflow.errors import SettingsError, TracingSetupError
from otel_mlflow.settings.model import Settings
from otel_mlflow.settings.sections import TracingSettings

_STRICT = "OTEL_MLFLOW_STRICT"
_YES = ("1", "true", "yes", "on")


def load_or_disable() -> tuple[Settings, SettingsError | None]:
    """Load the settings; where they cannot be used, answer settings with tracing off, and what is wrong.

    Raises `TracingSetupError` in their place where OTEL_MLFLOW_STRICT says so: an application that serves its requests
    untraced is better than one that does not start, unless its owner disagrees.
    """
    try:
        return Settings.load(), None
    except SettingsError as error:
        if os.environ.get(_STRICT, "").strip().lower() in _YES:
            raise TracingSetupError(str(error)) from error
        return Settings.model_construct(tracing=TracingSettings(enabled=False)), error
