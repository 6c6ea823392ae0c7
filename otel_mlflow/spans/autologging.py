"""Turning on the agent libraries' autologging that was asked for."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import warnings
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from otel_mlflow.integrations import INTEGRATIONS

logger = logging.getLogger("otel_mlflow")

_LIBRARY_OF = {"langchain": "langchain_core", "gemini": "google.genai", "bedrock": "boto3"}
"""The import name of a flavour's library, where it is not the flavour's own."""


def enable_autologging(flavours: Sequence[str]) -> list[str]:
    """Enable MLflow's autologging of each flavour whose library is installed; answer which, say what is not."""
    return [flavour for flavour in flavours if missing_library(flavour) is None and _enable(flavour)]


def missing_library(flavour: str) -> str | None:
    """The library that a flavour is for, if it is not installed."""
    library = _LIBRARY_OF.get(flavour, flavour)
    return None if _is_installed(library) else library


def import_flavour(flavour: str) -> Any:
    """Import the module that traces a flavour's library. Raises `ImportError` where something else is missing."""
    with _quietly():
        return importlib.import_module("otel_mlflow.spans.langchain" if flavour == "langchain" else f"mlflow.{flavour}")


def _enable(flavour: str) -> bool:
    if flavour == "langchain" and not INTEGRATIONS.works("langchain"):
        return False
    try:
        module = import_flavour(flavour)
        with _quietly():
            module.install() if flavour == "langchain" else module.autolog()
        return True
    except ImportError as error:
        logger.warning(
            "tracing.autolog: %r is off, because MLflow's support for it could not be imported (%s). "
            "Install what is missing, or take %r out of tracing.autolog.",
            flavour,
            error,
            flavour,
        )
        return False


@contextmanager
def _quietly() -> Generator[None, None, None]:
    """MLflow's modules warn about their own type hints as they are imported, which is nobody's fault here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def disable_autologging(flavours: Iterable[str]) -> None:
    """Disable what `enable_autologging` has enabled."""
    for flavour in flavours:
        if (langchain := sys.modules.get("otel_mlflow.spans.langchain")) is not None and flavour == "langchain":
            langchain.uninstall()
        elif (module := sys.modules.get(f"mlflow.{flavour}")) is not None:
            module.autolog(disable=True)


def _is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:
        return False
