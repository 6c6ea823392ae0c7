"""Each check, failing on its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from otel_mlflow import instrument, uninstrument
from otel_mlflow.delivery.clock import SYSTEM_CLOCK
from otel_mlflow.delivery.destinations import destination_key
from otel_mlflow.delivery.records import Tally
from otel_mlflow.delivery.storage import Storage
from otel_mlflow.errors import SettingsError
from otel_mlflow.settings import Settings
from tests.delivering import delivering, put, trace, wait_for
from tests.doctor.examining import examined, not_ok, not_tried
from tests.ports import find_free_port
from tests.servers.process import until
from tests.servers.scripted import REFUSED, Fault, ScriptedMlflow

ON_THE_NETWORK = {"host", "credentials", "experiment", "test_trace"}


def test_all_is_well_with_a_local_store(store: str) -> None:
    """A trace is written, read back and deleted; nothing is left of it."""
    from mlflow import MlflowClient

    checks = examined(tracking_uri=store, experiment_name="well")
    assert not_ok(checks) == {}
    assert not_tried(checks) == set()
    assert "'well'" in checks["experiment"].detail
    assert "read back with its 2 spans" in checks["test_trace"].detail
    experiment = MlflowClient(store).get_experiment_by_name("well")
    assert experiment is not None
    assert MlflowClient(store).search_traces(locations=[experiment.experiment_id]) == []


def test_settings_that_cannot_be_used() -> None:
    """Nothing that needs them is tried; the .env and the versions may be why, and are looked at."""
    checks = examined(SettingsError("environment OTEL_MLFLOW_TRACKING_URI: tracking_uri is ''"))
    assert not_ok(checks) == {"settings": "fail"}
    assert "OTEL_MLFLOW_TRACKING_URI" in checks["settings"].detail
    assert not_tried(checks) == set(checks) - {"settings", "dotenv", "versions", "compatibility"}


def test_settings_say_where_each_came_from(monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    """An argument, a variable, the file, the rest."""
    Path("config").mkdir()
    Path("config/mlflow.yaml").write_text("tracing: {sample_rate: 0.5}\n")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    detail = examined(experiment_name="well")["settings"].detail
    assert "experiment_name = well (argument)" in detail
    assert f"tracking_uri = {store} (environment MLFLOW_TRACKING_URI)" in detail
    assert "tracing.sample_rate = 0.5 (file config/mlflow.yaml)" in detail


def test_a_tracking_uri_that_nobody_has_set() -> None:
    """Traces go to MLflow's own default then, a file in the current folder."""
    check = examined()["settings"]
    assert check.status == "warn"
    assert "sqlite:///" in check.detail
    assert "MLFLOW_TRACKING_URI" in check.fix


def test_an_env_file_that_is_not_loaded(store: str) -> None:
    """A warning: the app may load it."""
    Path(".env").write_text("MLFLOW_TRACKING_URI=http://right.example\n")
    checks = examined(tracking_uri=store, experiment_name="well")
    assert not_ok(checks) == {"dotenv": "warn"}
    assert "http://right.example" in checks["dotenv"].detail


def test_an_env_file_that_cannot_be_read(store: str) -> None:
    """It is pointed out, and no more."""
    Path(".env").write_bytes(b"MLFLOW_TRACKING_URI=\xff\n")
    assert not_ok(examined(tracking_uri=store, experiment_name="well")) == {"dotenv": "warn"}


def test_tracing_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a variable that somebody has set long ago, say."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    checks = examined(tracking_uri="http://127.0.0.1:1")
    assert not_ok(checks) == {"tracing": "fail"}
    assert "OTEL_SDK_DISABLED" in checks["tracing"].detail
    assert not_tried(checks) > ON_THE_NETWORK


def test_no_request_is_sampled(store: str) -> None:
    """It may be meant."""
    checks = examined(tracking_uri=store, experiment_name="well", tracing={"sample_rate": 0})
    assert not_ok(checks) == {"tracing": "warn"}


def test_a_version_that_is_not_supported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str) -> None:
    """What is needed is said."""
    installed = tmp_path / "first" / "mlflow_skinny-2.9.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: mlflow-skinny\nVersion: 2.9.0\n")
    monkeypatch.setattr(sys, "path", [str(installed.parent), *sys.path])
    checks = examined(tracking_uri=store, experiment_name="well")
    assert not_ok(checks) == {"versions": "fail"}
    assert "mlflow-skinny 2.9.0 (needed:" in checks["versions"].detail


def test_an_old_tool_of_the_environment_s_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    """An empty environment of Python 3.11 has setuptools 65; only our tests need a newer one."""
    installed = tmp_path / "first" / "setuptools-65.5.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: setuptools\nVersion: 65.5.0\n")
    monkeypatch.setattr(sys, "path", [str(installed.parent), *sys.path])
    assert not_ok(examined(tracking_uri=store, experiment_name="well")) == {}


def test_nothing_listens() -> None:
    """What would come after it is not tried, and says why."""
    port = find_free_port()
    checks = examined(tracking_uri=f"http://127.0.0.1:{port}")
    assert not_ok(checks) == {"host": "fail"}
    assert f"127.0.0.1:{port}" in checks["host"].detail
    assert not_tried(checks) == ON_THE_NETWORK - {"host"}
    assert "'host'" in checks["test_trace"].detail


def test_a_server_that_is_too_old(scripted: ScriptedMlflow) -> None:
    """It would answer 404 to every trace."""
    scripted.version = "2.22.1"
    checks = examined(tracking_uri=scripted.url)
    assert not_ok(checks) == {"host": "fail"}
    assert "2.22.1" in checks["host"].detail


def test_something_else_than_mlflow_answers(scripted: ScriptedMlflow) -> None:
    """A gateway, say, which lets only some through."""
    scripted.version = "<html>Welcome</html>"
    check = examined(tracking_uri=scripted.url)["host"]
    assert check.status == "warn"
    assert scripted.url in check.detail


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    """Where its folder should be is a file."""
    (tmp_path / "missing").write_text("")
    checks = examined(tracking_uri=f"sqlite:///{tmp_path}/missing/mlflow.db")
    assert not_ok(checks) == {"host": "fail"}
    assert "missing/mlflow.db" in checks["host"].detail


def test_credentials_that_are_rejected(scripted: ScriptedMlflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was refused and where the credentials came from is told, they are not."""
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2")
    scripted.authorization = "Basic other"
    checks = examined(tracking_uri=scripted.url)
    assert checks["credentials"].status == "fail"
    assert "as ada, from environment MLFLOW_TRACKING_PASSWORD" in checks["credentials"].detail
    assert not_tried(checks) == {"experiment", "test_trace"}
    assert "hunter2" not in str(checks)


def test_credentials_that_are_missing(scripted: ScriptedMlflow) -> None:
    """The variables that are wanted are named."""
    scripted.authorization = "Bearer token"
    check = examined(tracking_uri=scripted.url)["credentials"]
    assert check.status == "fail"
    assert "without credentials" in check.detail
    assert "MLFLOW_TRACKING_TOKEN" in check.fix


def test_an_experiment_that_is_deleted(scripted: ScriptedMlflow) -> None:
    """It has to be restored by a person."""
    scripted.deleted.add("gone")
    checks = examined(tracking_uri=scripted.url, experiment_name="gone")
    assert not_ok(checks) == {"experiment": "fail"}
    assert "restore" in checks["experiment"].fix
    assert not_tried(checks) == {"test_trace"}


def test_an_experiment_that_is_not_there(store: str) -> None:
    """By its id none can be made."""
    checks = examined(tracking_uri=store, experiment_id="4711")
    assert not_ok(checks) == {"experiment": "fail"}
    assert "4711" in checks["experiment"].detail


def test_autologging_of_a_library_that_is_not_installed(store: str) -> None:
    """Asked for, it is missed."""
    checks = examined(tracking_uri=store, experiment_name="well", tracing={"autolog": ["langchain", "crewai"]})
    assert not_ok(checks) == {"autologging": "warn"}
    assert "crewai" in checks["autologging"].detail


def test_autologging_that_mlflow_does_not_have(store: str) -> None:
    """The name is told, and what there should be."""
    checks = examined(tracking_uri=store, experiment_name="well", tracing={"autolog": ["click"]})
    assert not_ok(checks) == {"autologging": "fail"}
    assert "mlflow.click" in checks["autologging"].detail


def test_traces_that_are_not_permitted(scripted: ScriptedMlflow) -> None:
    """The experiment may be seen, and not written to."""
    scripted.fault = Fault(status=403, says="ada may not edit this experiment")
    checks = examined(tracking_uri=scripted.url)
    assert not_ok(checks) == {"test_trace": "fail"}
    assert "ada may not edit this experiment" in checks["test_trace"].detail
    assert "grant" in checks["test_trace"].fix


def test_traces_that_are_taken_and_not_found_again(scripted: ScriptedMlflow) -> None:
    """The server says yes to everything and has nothing."""
    checks = examined(tracking_uri=scripted.url)
    assert not_ok(checks) == {"test_trace": "fail"}
    (trace_id,) = scripted.traces
    assert trace_id in checks["test_trace"].detail
    assert scripted.infos == {}, "it is deleted all the same"


def test_a_spool_that_cannot_be_written_to(store: str) -> None:
    """A file is where the folder should be."""
    Path("spool").write_text("")
    checks = examined(tracking_uri=store, experiment_name="well")
    assert not_ok(checks) == {"spool": "fail"}
    assert not_tried(checks) == {"backlog", "quarantine", "processes"}


def spooled(settings: Settings, *, at: float) -> None:
    """Leave a trace in the spool, as a process does that ended."""
    folder = settings.delivery.spool_dir
    storage = Storage(folder, destination=destination_key(settings), max_bytes=1 << 20, clock=SYSTEM_CLOCK)
    with storage.using() as spool:
        spool.add([trace()], [], Tally(requests=1, traced=1), at)
    storage.close()


def test_traces_that_wait_long(store: str) -> None:
    """No process delivers them."""
    settings = Settings(tracking_uri=store, experiment_name="well")
    spooled(settings, at=0)
    checks = examined(settings)
    assert not_ok(checks) == {"backlog": "warn"}
    assert "1 wait" in checks["backlog"].detail
    assert "spool retry" in checks["backlog"].fix


def test_traces_that_wait_long_and_are_delivered(scripted: ScriptedMlflow, store: str) -> None:
    """A process has them in hand: nobody has to start one."""
    settings = Settings(tracking_uri=scripted.url, experiment_name="well")
    spooled(settings, at=0)
    scripted.fault = Fault(status=503)
    with delivering(settings):
        check = until(
            lambda: found if "processes" in (found := examined(settings)["backlog"]).fix else None,
            seconds=60,
            waiting_for=lambda: f"the process to publish its status: {examined(settings)['processes']}",
        )
    assert check.status == "warn"


def test_traces_that_have_just_come(store: str) -> None:
    """They are on their way."""
    settings = Settings(tracking_uri=store, experiment_name="well")
    spooled(settings, at=SYSTEM_CLOCK.wall())
    assert not_ok(examined(settings)) == {}


def test_traces_that_wait_for_somewhere_else(store: str) -> None:
    """Their address was mistyped, perhaps, and they will never be delivered."""
    spooled(Settings(tracking_uri="http://mlfow.example", experiment_name="well"), at=SYSTEM_CLOCK.wall())
    checks = examined(tracking_uri=store, experiment_name="well")
    assert not_ok(checks) == {"backlog": "warn"}
    assert "http://mlfow.example" in checks["backlog"].detail
    assert "--from" in checks["backlog"].fix


def test_traces_that_were_refused(scripted: ScriptedMlflow, store: str) -> None:
    """With the backend's reason."""
    with delivering(Settings(tracking_uri=scripted.url, experiment_name="well")) as delivery:
        put(delivery, 1, name=REFUSED)
        wait_for(delivery, lambda counts: counts.quarantined == 1)
    checks = examined(tracking_uri=store, experiment_name="well")
    assert not_ok(checks) == {"quarantine": "warn"}
    assert f"{REFUSED} is not welcome" in checks["quarantine"].detail


def test_a_process_that_has_failed(scripted: ScriptedMlflow, store: str) -> None:
    """The app has other credentials than the person who runs the doctor: here all is well, there it is not."""
    scripted.authorization = "Bearer token"
    with delivering(Settings(tracking_uri=scripted.url, experiment_name="well")) as delivery:
        until(lambda: delivery.status().state == "failed", seconds=60, waiting_for=lambda: f"{delivery.status()}")
        checks = until(
            lambda: found if not_ok(found := examined(tracking_uri=store, experiment_name="well")) else None,
            seconds=60,
            waiting_for=lambda: "the process to publish its status",
        )
    assert not_ok(checks) == {"processes": "fail"}
    assert scripted.url in checks["processes"].detail
    assert "401" in checks["processes"].detail
    assert "check the credentials" in checks["processes"].fix


def test_a_caller_that_would_be_joined_with_a_key(store: str) -> None:
    """A caller traces into MLflow and no key is set: the doctor, which has seen no call, says what joins them."""
    settings = Settings(tracking_uri=store, experiment_name="joined")
    app = Starlette(routes=[Route("/", PlainTextResponse("ok"))])
    tracing = instrument(app, settings)
    claim = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": f"otelmlflow={'c' * 32}-{'d' * 16}"}
    try:
        with TestClient(app) as client:
            client.get("/", headers=claim)
            checks = until(
                lambda: found if not_ok(found := examined(settings)) else None,
                seconds=60,
                waiting_for=lambda: f"the process's advice, {tracing.status().advice}",
            )
    finally:
        uninstrument(app)
    assert not_ok(checks) == {"processes": "warn"}
    assert "set tracing.caller_key to one secret" in checks["processes"].fix


def test_the_app_s_own_experiment_is_looked_at(store: str) -> None:
    """Its title is not known to the doctor, but the spool remembers it."""
    spooled(Settings(tracking_uri=store, service_name="the app's title"), at=SYSTEM_CLOCK.wall())
    assert "the app's title" in examined(tracking_uri=store)["experiment"].detail
