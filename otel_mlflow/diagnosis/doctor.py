"""The doctor: why traces do not arrive, in the order in which a person would look.

No check can hang: each runs on a thread of its own, which is left to itself when its time is up.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from otel_mlflow.content import Redactor
from otel_mlflow.diagnosis.background import in_background
from otel_mlflow.diagnosis.check_result import Check, CheckResult, fail, warn
from otel_mlflow.diagnosis.checks import (
    artifact_storage,
    autologging,
    backlog,
    collectors,
    compatibility,
    credentials,
    dotenv,
    experiment,
    host,
    processes,
    quarantine,
    round_trip,
    settings,
    spool,
    tracing,
    unity_catalog,
    versions,
    workspace,
)
from otel_mlflow.diagnosis.imports import import_libraries
from otel_mlflow.diagnosis.patience import Patience, Waited
from otel_mlflow.diagnosis.probes import databricks_uri
from otel_mlflow.diagnosis.setup import LIMITS, Limits, Setup
from otel_mlflow.errors import DeliveryError, SettingsError
from otel_mlflow.settings.defaults import REDACT_KEYS

if TYPE_CHECKING:
    from otel_mlflow.settings import Settings


SECRET = [name for name in REDACT_KEYS if name not in ("auth", "*_auth", "*credential", "*credentials")]
"""Names whose values are hidden in what is found. In prose `credentials: …` is followed by where they come from."""


LATE = "timed out"
"""What Python's sockets and our own limits say of an answer that has not come in time."""

BUSY = 2.0
"""Load for each processor, from which on it is worth a word."""


@dataclass(frozen=True)
class RegisteredCheck:
    """A check, and those without whose success it makes no sense."""

    name: str
    check: Callable[[Setup], CheckResult]
    after: tuple[str, ...] = ()
    only_for: Literal["", "databricks", "otlp"] = ""
    """The backend of which alone it is made; empty for all."""


CHECKS = (
    RegisteredCheck("settings", settings.check),
    RegisteredCheck("dotenv", dotenv.check),
    RegisteredCheck("tracing", tracing.check, after=("settings",)),
    RegisteredCheck("versions", versions.check),
    RegisteredCheck("compatibility", compatibility.check, after=("versions",)),
    RegisteredCheck("workspace", workspace.check, after=("tracing",), only_for="databricks"),
    RegisteredCheck("host", host.check, after=("tracing", "workspace")),
    RegisteredCheck("credentials", credentials.check, after=("host",)),
    RegisteredCheck("experiment", experiment.check, after=("credentials",)),
    RegisteredCheck("autologging", autologging.check, after=("tracing",)),
    RegisteredCheck("unity_catalog", unity_catalog.check, after=("experiment",), only_for="databricks"),
    RegisteredCheck(
        "artifact_storage", artifact_storage.check, after=("experiment", "unity_catalog"), only_for="databricks"
    ),
    RegisteredCheck("test_trace", round_trip.check, after=("experiment", "unity_catalog", "artifact_storage")),
    RegisteredCheck("collectors", collectors.check, after=("tracing",), only_for="otlp"),
    RegisteredCheck("spool", spool.check, after=("tracing",)),
    RegisteredCheck("backlog", backlog.check, after=("spool",)),
    RegisteredCheck("quarantine", quarantine.check, after=("spool",)),
    RegisteredCheck("processes", processes.check, after=("spool",)),
)


def run_checks(given: Settings | SettingsError, *, limits: Limits = LIMITS) -> list[Check]:
    """Examine where the settings lead to, or say why there are none. Takes as long as `limits` say, at the most."""
    chosen = [each for each in CHECKS if each.only_for in ("", _backend(given))]
    patience = Patience(limits)
    if not isinstance(given, SettingsError):
        patience.wait(in_background(functools.partial(import_libraries, given)), limits.each)
    going = _Run(given, limits, patience)
    return [going.check(each, len(chosen) - number) for number, each in enumerate(chosen, 1)]


def answer(checks: Sequence[Check]) -> dict[str, Any]:
    """The checks as JSON has them; `ok` unless one has failed."""
    return {"ok": all(check.status != "fail" for check in checks), "checks": [asdict(check) for check in checks]}


def _backend(given: Settings | SettingsError) -> str:
    """The backend that some checks are made of alone."""
    if isinstance(given, SettingsError):
        return ""
    if given.tracing.backend == "otlp":
        return "otlp"
    return "databricks" if databricks_uri(given) is not None else ""


class _Run:
    """One run of the checks."""

    def __init__(self, given: Settings | SettingsError, limits: Limits, patience: Patience) -> None:
        self._setup = Setup(given, limits.timeouts)
        self._limits = limits
        self._patience = patience
        self._redactor = Redactor.compile(SECRET)
        self._causes: dict[str, str] = {}
        """Of each check that did not succeed: the check that is the cause, itself or an earlier one."""

    def check(self, each: RegisteredCheck, still_to_come: int) -> Check:
        """Make one, unless it makes no sense any more."""
        cause = next((self._causes[name] for name in each.after if name in self._causes), None)
        result = _not_tried(cause) if cause else self._result(each, self._seconds(still_to_come))
        if cause or result.status == "fail":
            self._causes[each.name] = cause or each.name
        shown = self._redactor.text
        return Check(each.name, result.status, shown(result.detail), shown(result.fix))

    def _seconds(self, still_to_come: int) -> float:
        left = self._patience.left - still_to_come * self._limits.reserved
        return max(0.0, min(self._limits.each, left))

    def _result(self, each: RegisteredCheck, seconds: float) -> CheckResult:
        return _too_busy(self._patience.waited) if self._patience.is_over else self._run(each, seconds)

    def _run(self, each: RegisteredCheck, seconds: float) -> CheckResult:
        future = in_background(functools.partial(each.check, self._setup))
        waited = self._patience.wait(future, seconds)
        if not future.done():
            return _too_busy(self._patience.waited) if self._patience.is_over else _given_up(waited)
        error = future.exception()
        return future.result() if error is None else _trouble(error)


def _not_tried(cause: str) -> CheckResult:
    return warn(f"not tried, because the check {cause!r} failed", f"mend what {cause!r} says")


def _given_up(waited: Waited) -> CheckResult:
    return fail(
        f"not done after {waited.seconds:.0f} s, and given up",
        "what it waits for does not answer: look at the address, the proxy, the firewall, and the name server",
    )


def _too_busy(waited: Waited) -> CheckResult:
    return warn(
        f"given up, because this machine is too busy: in {waited.without_processor:.0f} of {waited.seconds:.0f} s "
        f"no processor was free for the doctor ({_load()})",
        "run the doctor again when the machine, or the container's share of it, has less to do",
    )


def _excuse(error: DeliveryError) -> str:
    """For what answers too late: a server on a machine that has too much to do is not down."""
    is_busy = os.getloadavg()[0] > BUSY * (os.cpu_count() or 1)
    return (
        f"; this machine is busy ({_load()}), and what runs on it is late" if is_busy and LATE in error.reason else ""
    )


def _load() -> str:
    return f"load {os.getloadavg()[0]:.0f} on {os.cpu_count()} processors"


def _trouble(error: BaseException) -> CheckResult:
    if isinstance(error, DeliveryError):
        fix = error.fix or "try again later; traces wait on disk meanwhile"
        return fail(error.reason, f"{fix}{_excuse(error)}")
    if isinstance(error, SettingsError):
        return fail(str(error), "correct it; docs/settings.md has all that can be set")
    return fail(f"{type(error).__name__}: {error}", "see whether the library that says so works by itself")
