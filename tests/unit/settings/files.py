"""What the tests of settings write, and how they hear of mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from otel_mlflow.errors import SettingsError
from otel_mlflow.settings import Settings


def write(text: str, path: str = "config/mlflow.yaml") -> Path:
    """Write a YAML file, by default where it is found by itself."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def problem(**given: Any) -> str:
    """Answer what is said of settings that cannot be used."""
    with pytest.raises(SettingsError) as caught:
        Settings(**given)
    return str(caught.value)
