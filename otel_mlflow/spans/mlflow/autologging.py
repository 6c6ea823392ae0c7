"""Turning on the agent libraries' autologging that was asked for."""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from otel_mlflow.guard import attempt
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.mlflow.flavours import installed_flavours, is_unknown, missing_library, nearest_flavour
from otel_mlflow.spans.mlflow.other_instrumentations import has_instrumentation

logger = logging.getLogger("otel_mlflow")

AUTO = "auto"
"""The word in `tracing.autolog` for every flavour whose library is installed."""

_OURS = "otel_mlflow.spans.langchain.tracer"
"""The module that traces LangChain in place of MLflow's."""

_DEFAULT = "langchain"
"""The flavour that nobody needs to have asked for, so that nobody misses its library."""


@dataclass(frozen=True)
class FlavourOff:
    """A flavour that was asked for and traces nothing, or not all that it should."""

    flavour: str
    why: str
    fix: str
    in_part: bool = False
    """Whether MLflow has patched some of what it should."""

    @property
    def reason(self) -> str:
        """Which flavour, and why."""
        return f"tracing.autolog: {self.flavour!r} {self.why}"


def log_trouble(off: FlavourOff) -> None:
    """Say in one line what is off, and what to do."""
    logger.warning("%s. To mend it: %s.", off.reason, off.fix)


def enable_autologging(flavours: Sequence[str], on_trouble: Callable[[FlavourOff], None] = log_trouble) -> list[str]:
    """Enable MLflow's autologging of each flavour whose library is installed; answer which are on."""
    wanted = {flavour: missing_library(flavour) for flavour in expanded(flavours)}
    for flavour, library in wanted.items():
        if library is not None and flavour != _DEFAULT:
            logger.warning("tracing.autolog: %r is off, because %s is not installed.", flavour, library)
    return [flavour for flavour, library in wanted.items() if library is None and _is_enabled(flavour, on_trouble)]


def expanded(flavours: Sequence[str]) -> list[str]:
    """The flavours, with those that `auto` stands for in its place; each once."""
    named = (installed_flavours() if flavour == AUTO else [flavour] for flavour in flavours)
    return list(dict.fromkeys(flavour for group in named for flavour in group))


def import_flavour(flavour: str) -> Any:
    """Import the module that traces a flavour's library. Raises `ImportError` where something else is missing."""
    with _quietly():
        return importlib.import_module(
            "otel_mlflow.spans.langchain.tracer" if flavour == "langchain" else f"mlflow.{flavour}"
        )


def disable_autologging(flavours: Iterable[str]) -> None:
    """Disable what `enable_autologging` has enabled."""
    for flavour in flavours:
        if (langchain := sys.modules.get(_OURS)) is not None and flavour == "langchain":
            langchain.uninstall()
        elif (module := sys.modules.get(f"mlflow.{flavour}")) is not None:
            module.autolog(disable=True)


def unknown_flavour(flavour: str) -> FlavourOff:
    """MLflow has no flavour of that name."""
    nearest = nearest_flavour(flavour)
    meant = f"write {nearest!r}, if that is meant" if nearest else f"take {flavour!r} out of tracing.autolog"
    return FlavourOff(flavour, f"is no flavour that MLflow can trace (there is no mlflow.{flavour}.autolog)", meant)


def _is_enabled(flavour: str, on_trouble: Callable[[FlavourOff], None]) -> bool:
    trouble = _enable(flavour)
    if trouble is not None:
        on_trouble(trouble)
    return trouble is None or trouble.in_part


def _enable(flavour: str) -> FlavourOff | None:
    """Enable one; answer why it is off, where it is."""
    if is_unknown(flavour):
        return unknown_flavour(flavour)
    if flavour == "langchain" and not INTEGRATIONS.works("langchain"):
        return FlavourOff(flavour, "is off, because our integration is", "see there")
    trouble = attempt(_set_up, flavour)
    if not isinstance(trouble, Exception):
        return trouble
    return FlavourOff(
        flavour,
        f"is off, because MLflow's support for it could not be set up ({type(trouble).__name__}: {trouble})",
        f"install what is missing, or take {flavour!r} out of tracing.autolog",
    )


def _set_up(flavour: str) -> FlavourOff | None:
    module = import_flavour(flavour)
    if not hasattr(module, "autolog" if flavour != "langchain" else "install"):
        return unknown_flavour(flavour)
    return _switch_on(flavour, module)


def _switch_on(flavour: str, module: Any) -> FlavourOff | None:
    with _quietly(), _errors_of(flavour) as errors:
        module.install() if flavour == "langchain" else module.autolog()
    is_patched = flavour == "langchain" or _has_patches(flavour, module) or has_instrumentation(flavour)
    if is_patched and not errors:
        return None
    return FlavourOff(
        flavour,
        f"is {'on in part only' if is_patched else 'off'}: {'; '.join(errors) or 'MLflow found nothing to patch'}",
        "import the library's classes before instrument(), or install a version of the library that MLflow supports",
        in_part=is_patched,
    )


def _has_patches(flavour: str, module: Any) -> bool:
    """Whether MLflow has patched anything for a flavour that it patches the library of; others have callbacks."""
    if not hasattr(module, "safe_patch") or not INTEGRATIONS.works("mlflow_flavours"):
        return True
    safety: Any = importlib.import_module("mlflow.utils.autologging_utils.safety")
    cleanups = getattr(safety, "_AUTOLOGGING_CLEANUP_CALLBACKS", {})
    return bool(safety._AUTOLOGGING_PATCHES.get(flavour) or cleanups.get(flavour))


class _Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def _errors_of(flavour: str) -> Generator[list[str], None, None]:
    """What MLflow logs when a flavour's patches fail: it raises nothing then."""
    handler, of_flavour = _Errors(), logging.getLogger(f"mlflow.{flavour}")
    of_flavour.addHandler(handler)
    try:
        yield handler.texts
    finally:
        of_flavour.removeHandler(handler)


@contextmanager
def _quietly() -> Generator[None, None, None]:
    """MLflow's modules warn about their own type hints as they are imported, which is nobody's fault here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
