"""Checking the table against what is installed."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from packaging.version import Version

from otel_mlflow.guard import attempt
from otel_mlflow.integrations.integration import Integration, Kind, PrivateName
from otel_mlflow.integrations.table import TABLE

logger = logging.getLogger("otel_mlflow")

NOT_INSTALLED = "0"
"""The version of a distribution that is not installed: before any other."""

_GONE = object()


@dataclass(frozen=True)
class LeftOut:
    """An integration that does without, and why."""

    integration: Integration
    why: str

    @property
    def reason(self) -> str:
        """What is off, because of what, in which version."""
        name = self.integration.distribution
        return (
            f"integration {self.integration.name!r} is off with {name} {installed_version(name)}: {self.why}; "
            f"so {self.integration.without}"
        )

    @property
    def fix(self) -> str:
        """What to do."""
        return (
            f"upgrade otel-mlflow, or install {self.integration.distribution} {self.integration.tested} "
            "(the versions tested)"
        )


class Integrations:
    """The integrations of a process. Each is checked when it is first asked for, and stays what it was found to be."""

    def __init__(self, table: Mapping[str, Integration] = TABLE) -> None:
        self._table = table
        self._found: dict[str, LeftOut | None] = {}

    def works(self, name: str) -> bool:
        """Whether all that the integration leans on is there."""
        if name not in self._found:
            self._keep(name, self._probe(self._table[name]))
        return self._found[name] is None

    def check_all(self) -> None:
        """Check those that every application leans on."""
        for name, integration in self._table.items():
            if not integration.on_use:
                self.works(name)

    def missing(self, name: str) -> LeftOut | None:
        """Why the integration does without; None where it works."""
        self.works(name)
        return self._found[name]

    def module(self, name: str, path: str) -> Any:
        """The module that the integration is about; None where it is left out, or older than the module."""
        with suppress(ImportError):
            return importlib.import_module(path) if self.works(name) else None
        return None

    def leave_out(self, name: str, why: str) -> None:
        """Do without the integration from now on."""
        self._keep(name, why)

    def fail(self, name: str, failure: str) -> None:
        """Do without the integration from now on: a self-test that needs more than the table has found this."""
        self._keep(name, _failed(failure))

    @property
    def left_out(self) -> list[LeftOut]:
        """Those that were asked for and do without."""
        return [found for found in self._found.values() if found is not None]

    def _probe(self, integration: Integration) -> str | None:
        if is_before(integration):
            return None
        for needed in integration.needs:
            if not self.works(needed):
                return f"it builds on {needed!r}, which is off"
        missing = [reason for name in integration.names if (reason := _missing(name)) is not None]
        return "; ".join(missing) or _failure(integration)

    def _keep(self, name: str, why: str | None) -> None:
        found = LeftOut(self._table[name], why) if why is not None else None
        self._found[name] = found
        if found is not None:
            logger.warning("%s. To mend it: %s.", found.reason, found.fix)


INTEGRATIONS = Integrations()
"""Those of this process."""


def _failure(integration: Integration) -> str | None:
    """What the self-test finds; None where all works, or there is none."""
    if integration.self_test is None:
        return None
    found = attempt(integration.self_test)
    why = f"{type(found).__name__}: {found}" if isinstance(found, Exception) else found
    return _failed(why) if why else None


def _failed(failure: str) -> str:
    return f"its self-test fails ({failure})"


def is_before(integration: Integration) -> bool:
    """Whether the version installed is older than what the integration is about."""
    since = integration.since
    return bool(since) and Version(installed_version(integration.distribution)) < Version(since)


def _missing(name: PrivateName) -> str | None:
    """Why a name cannot be used; None where it can."""
    try:
        with warnings.catch_warnings():
            # MLflow's modules warn about their own type hints as they are imported.
            warnings.simplefilter("ignore")
            found: Any = importlib.import_module(name.module)
    except ImportError as error:
        return f"{name.module} cannot be imported ({error})"
    for part in name.path.split("."):
        found = getattr(found, part, _GONE)
        if found is _GONE:
            return f"{name} is not there"
    return None if _is_a(found, name.kind) else f"{name} is no {name.kind} but a {type(found).__name__}"


def _is_a(found: object, kind: Kind) -> bool:
    if kind == "class":
        return isinstance(found, type)
    return callable(found) if kind == "function" else True


def installed_version(distribution: str) -> str:
    """The version installed, `NOT_INSTALLED` where none is; `mlflow` may be there as its skinny part alone."""
    for name in (distribution, f"{distribution}-skinny"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return NOT_INSTALLED
