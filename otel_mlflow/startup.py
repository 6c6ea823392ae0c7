"""Saying once where traces go, and once when that changes, where people look: on standard error."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

from otel_mlflow.errors import SettingsError, TracingSetupError

if TYPE_CHECKING:
    from otel_mlflow.delivery import DeliveryState

logger = logging.getLogger("otel_mlflow")

STRICT_TIMEOUT = 30.0
"""Seconds that `strict` waits for MLflow's first answer."""

_LEVELS = {"ok": logging.INFO, "starting": logging.INFO, "disabled": logging.INFO}


def make_visible() -> None:
    """Let our messages be seen where nobody configured logging: plain `uvicorn main:app` sets up its own loggers only.

    Where somebody did, they go where all others go.
    """
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if not logger.hasHandlers():
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("otel-mlflow: %(levelname)s: %(message)s"))
        logger.addHandler(handler)


def log_state(state: DeliveryState) -> None:
    """Log a state of delivery, as it begins."""
    make_visible()
    logger.log(_LEVELS.get(state.state, logging.WARNING), "%s", describe(state))


def log_unusable_settings(error: SettingsError) -> None:
    """Log that nothing is traced, because of the settings."""
    make_visible()
    logger.error("nothing is traced, because the settings cannot be used: %s", error)


def log_waiting(pending: int, folder: str) -> None:
    """Log, at the end of a process, how many traces it leaves on disk."""
    if pending:
        make_visible()
        logger.warning("%d traces wait in %s: the next process with this folder delivers them", pending, folder)


class FirstState:
    """The first thing that is known of whether traces arrive, for those who want to wait for it."""

    def __init__(self) -> None:
        self._known = threading.Event()
        self._state: DeliveryState | None = None

    def set(self, state: DeliveryState) -> None:
        """Something is known now."""
        if state.state != "starting" and self._state is None:
            self._state = state
            self._known.set()

    def require_ok(self) -> None:
        """Wait for it. Raises `TracingSetupError` unless traces arrive."""
        self._known.wait(STRICT_TIMEOUT)
        if self._state is None:
            raise TracingSetupError(
                f"MLflow has not answered within {STRICT_TIMEOUT:.0f} s; check that it is reachable"
            )
        if self._state.state != "ok":
            raise TracingSetupError(describe(self._state))


def describe(state: DeliveryState) -> str:
    """The state in words: which experiment, where, as whom, from which credentials; or what failed and the remedy."""
    connected = state.connected
    if state.state != "ok" or connected is None:
        return state.message
    experiment = connected.experiment
    into = f" experiment {experiment.name!r} (id {experiment.id}) at" if experiment is not None else ""
    where = f"traces go to{into} {connected.tracking_uri}"
    whom = f" as {connected.identity}" if connected.identity else ""
    has_credentials = connected.credential_source not in (None, "", "none")
    source = f", credentials from {connected.credential_source}" if has_credentials else ""
    waiting = f"; {state.waiting} that waited are on their way" if state.waiting else ""
    note = f". {connected.note}" if connected.note else ""
    return f"{where}{whom}{source}{waiting}{state.ended}{note}"
