"""Turning on the agent libraries' autologging that was asked for."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterable, Sequence

logger = logging.getLogger("otel_mlflow")

_LIBRARY_OF = {"langchain": "langchain_core", "gemini": "google.genai", "bedrock": "boto3"}
"""The import name of a flavour's library, where it is not the flavour's own."""


def enable_autologging(flavours: Sequence[str]) -> list[str]:
    """Enable MLflow's autologging of each flavour whose library is installed; answer which, say what is not."""
    return [flavour for flavour in flavours if _is_installed(_LIBRARY_OF.get(flavour, flavour)) and _enable(flavour)]


def _enable(flavour: str) -> bool:
    try:
        # MLflow's modules warn about their own type hints as they are imported, which is nobody's fault here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _import_and_enable(flavour)
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


def _import_and_enable(flavour: str) -> None:
    if flavour == "langchain":
        from otel_mlflow.spans import langchain

        langchain.install()
    else:
        importlib.import_module(f"mlflow.{flavour}").autolog()


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
