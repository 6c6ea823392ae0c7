"""Saying once where traces go, and once when that changes, where people look: on standard error."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otel_mlflow.delivery import DeliveryState

logger = logging.getLogger("otel_mlflow")

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


def say(state: DeliveryState) -> None:
    """Log a state of delivery, as it begins."""
    make_visible()
    logger.log(_LEVELS.get(state.state, logging.WARNING), "%s", describe(state))


def describe(state: DeliveryState) -> str:
    """The state in words: which experiment, where, as whom, from which credentials; or what failed and the remedy."""
    connected = state.connected
    if state.state != "ok" or connected is None:
        return state.message
    experiment = connected.experiment
    into = f" experiment {experiment.name!r} (id {experiment.id}) at" if experiment is not None else ""
    where = f"traces go to{into} {connected.tracking_uri}"
    whom = f" as {connected.identity}" if connected.identity else ""
    source = f", credentials from {connected.credential_source}" if connected.credential_source else ""
    waiting = f"; {state.waiting} that waited are on their way" if state.waiting else ""
    return f"{where}{whom}{source}{waiting}"
