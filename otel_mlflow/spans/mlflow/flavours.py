"""MLflow's own table of the flavours that it can trace, and of the library that each is for."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from otel_mlflow.integrations import INTEGRATIONS

_UNLISTED = ("haystack", "litellm")
"""Flavours that trace and are not in the table: the import name of their library is their own."""

_OURS = {"langchain": "langchain_core"}
"""Our own integration needs less than MLflow's."""


def flavours() -> Mapping[str, str]:
    """The import name of each flavour's library."""
    unlisted = {flavour: flavour for flavour in _UNLISTED if _is_there(f"mlflow.{flavour}")}
    return {**_listed(), **unlisted, **_OURS}


def installed_flavours() -> list[str]:
    """The flavours whose library is installed: what `tracing.autolog: auto` stands for."""
    return [flavour for flavour, library in flavours().items() if _is_there(library)]


def missing_library(flavour: str) -> str | None:
    """The library that a flavour is for, if it is not installed."""
    library = flavours().get(flavour)
    return library if library is not None and not _is_there(library) else None


def is_unknown(flavour: str) -> bool:
    """Whether MLflow has no such flavour."""
    return flavour not in flavours() and not (flavour.isidentifier() and _is_there(f"mlflow.{flavour}"))


def nearest_flavour(flavour: str) -> str | None:
    """The flavour that may have been meant."""
    return next(iter(get_close_matches(flavour.lower(), list(flavours()), n=1)), None)


def _listed() -> Mapping[str, str]:
    if not INTEGRATIONS.works("mlflow_flavours"):
        return {}
    versions: Any = importlib.import_module("mlflow.ml_package_versions")
    listed: Mapping[str, str] = versions.GENAI_FLAVOR_TO_MODULE_NAME
    return listed


def _is_there(module: str) -> bool:
    """Whether it can be imported. A folder of its name without modules, which Python takes for a package, is none."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None
