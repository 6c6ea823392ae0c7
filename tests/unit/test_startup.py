"""Saying once where traces go, where people look."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from otel_mlflow.delivery import Connected, DeliveryState
from otel_mlflow.errors import SettingsError, TracingSetupError
from otel_mlflow.startup import FirstState, describe, log_state, log_unusable_settings, log_waiting
from otel_mlflow.status import Experiment

CONNECTED = Connected(
    "http://127.0.0.1:5000", Experiment("7", "shop", "http://127.0.0.1:5000/#/experiments/7"), "me", "MLFLOW_TOKEN"
)
WELL = DeliveryState("ok", "", "", "http://127.0.0.1:5000", 0, CONNECTED, "starting")
ILL = DeliveryState("failed", "401 Unauthorized", "set a valid token", "http://127.0.0.1:5000", 3, None, "starting")


def test_all_is_well_in_one_line() -> None:
    """To which experiment, where, as whom, from which credentials."""
    said = describe(WELL)
    for words in ("'shop'", "id 7", "http://127.0.0.1:5000", "as me", "MLFLOW_TOKEN"):
        assert words in said
    assert "\n" not in said


def test_what_waited_is_told() -> None:
    """After an interruption, say."""
    assert "3 " in describe(replace(WELL, waiting=3))


def test_what_nobody_knows_is_left_out() -> None:
    """A collector has no experiment; a local store knows nobody."""
    said = describe(replace(WELL, connected=Connected("http://127.0.0.1:4318", None, "", "")))
    assert said == "traces go to http://127.0.0.1:4318"


def test_what_failed_and_what_to_do() -> None:
    """In the words of delivery."""
    said = describe(ILL)
    for words in ("failed", "401 Unauthorized", "set a valid token", "3 waiting"):
        assert words in said


@pytest.mark.parametrize(
    ("state", "level"),
    [("ok", logging.INFO), ("starting", logging.INFO), ("degraded", logging.WARNING), ("failed", logging.WARNING)],
)
def test_what_needs_attention_is_a_warning(caplog: pytest.LogCaptureFixture, state: str, level: int) -> None:
    """The rest is for information."""
    caplog.set_level(logging.DEBUG, "otel_mlflow")
    log_state(replace(ILL, state=state))  # type: ignore[arg-type]
    (record,) = caplog.records
    assert (record.levelno, record.name) == (level, "otel_mlflow")


def test_what_a_process_leaves_on_disk_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """How many, and where: they are not lost."""
    log_waiting(3, "/state/spool")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "3 traces wait in /state/spool" in record.message


def test_nothing_is_told_of_an_empty_spool(caplog: pytest.LogCaptureFixture) -> None:
    """An end at which all is delivered is silent."""
    log_waiting(0, "/state/spool")
    assert not caplog.records


PROGRAM = """
import logging, sys
{setup}
from otel_mlflow.startup import log_unusable_settings
from otel_mlflow.errors import SettingsError
log_unusable_settings(SettingsError("tracing.sample_rate is 7"))
log_unusable_settings(SettingsError("tracing.sample_rate is 7"))
"""


def on_standard_error(setup: str) -> list[str]:
    """What a fresh process with this set-up of logging says."""
    program = PROGRAM.format(setup=setup)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_it_is_seen_where_nobody_configured_logging() -> None:
    """Plain `uvicorn main:app` sets up its own loggers only."""
    said = on_standard_error("")
    assert said[0].startswith("otel-mlflow: ERROR: nothing is traced")
    assert len(said) == 2, "each is said once"


def test_it_goes_where_all_goes_where_somebody_did() -> None:
    """In their format, once."""
    said = on_standard_error("logging.basicConfig(format='theirs: %(message)s')")
    assert [line.split(":")[0] for line in said] == ["theirs", "theirs"]


def test_a_level_that_somebody_set_counts() -> None:
    """They do not want to hear of it."""
    assert on_standard_error("logging.getLogger('otel_mlflow').setLevel(logging.CRITICAL)") == []


def test_settings_that_cannot_be_used_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """With which, and what is allowed."""
    log_unusable_settings(SettingsError("tracing.sample_rate is 7"))
    assert "nothing is traced, because the settings cannot be used: tracing.sample_rate is 7" in caplog.text


def test_strict_waits_until_traces_arrive() -> None:
    """What is known before is not enough."""
    first = FirstState()
    first.set(replace(WELL, state="starting"))
    threading.Thread(target=first.set, args=[WELL]).start()
    first.require_ok()


def test_strict_raises_what_failed_and_what_to_do() -> None:
    """The first that is known counts."""
    first = FirstState()
    first.set(ILL)
    first.set(WELL)
    with pytest.raises(TracingSetupError, match=r"401 Unauthorized.*set a valid token"):
        first.require_ok()


def test_strict_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that answers nothing."""
    monkeypatch.setattr("otel_mlflow.startup.STRICT_TIMEOUT", 0.0)
    with pytest.raises(TracingSetupError, match="has not answered"):
        FirstState().require_ok()
