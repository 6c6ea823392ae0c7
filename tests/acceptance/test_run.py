"""`otel-mlflow run uvicorn main:app`: an app in which nothing was changed has all that `instrument()` gives."""

from __future__ import annotations

import sys
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from mlflow.entities import Trace

from tests.server_matrix.servers import SERVERS, MatrixServer
from tests.servers.mlflow_server import MlflowServer
from tests.servers.process import until
from tests.servers.traces import TraceReader, parse, picture, trees

RUN = (sys.executable, "-m", "otel_mlflow.commands.cli", "run")
INSTRUMENT = str(Path(sysconfig.get_path("scripts")) / "opentelemetry-instrument")
QUIET = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
APPS = "tests.acceptance.apps.untouched_frameworks"

Start = Callable[..., tuple[MatrixServer, TraceReader]]


@pytest.fixture
def start(mlflow_server: MlflowServer, tmp_path: Path) -> Iterator[Start]:
    """Start an untouched app below a command; it ends with the test."""
    running: list[MatrixServer] = []

    def started(
        app: str, server: str = "uvicorn", launcher: tuple[str, ...] = RUN, experiment: str = "", **environment: str
    ) -> tuple[MatrixServer, TraceReader]:
        experiment = experiment or f"run-{uuid.uuid4().hex[:12]}"
        settings = {
            "OTEL_MLFLOW_TRACKING_URI": mlflow_server.url,
            "OTEL_MLFLOW_EXPERIMENT_NAME": experiment,
            "OTEL_MLFLOW_DELIVERY__SPOOL_DIR": str(tmp_path / "spool"),
            **environment,
        }
        folder = tmp_path / f"app-{len(running)}"
        running.append(MatrixServer(server, folder, launcher=launcher, app=app, **settings))
        return running[-1], TraceReader(mlflow_server.url, experiment)

    yield started
    for each in running:
        each.process.terminate()


def get(server: MatrixServer, path: str) -> httpx.Response:
    """One request, answered well."""
    return httpx.get(f"http://127.0.0.1:{server.port}{path}", timeout=60).raise_for_status()


def pictures(reader: TraceReader, *, of: str, times: int) -> list[str]:
    """The trees of all traces of this name, as soon as there are so many."""

    def found() -> list[Trace]:
        traces = [trace for trace in reader.traces() if of in str(trace.info.tags.get("mlflow.traceName"))]
        return traces if len(traces) >= times else []

    traces = until(found, seconds=60, waiting_for=lambda: f"{times} traces of {of}")
    return [picture(trees(trace.data.spans)) for trace in traces]


@pytest.mark.parametrize("app", ["fastapi", "litestar_app", pytest.param("starlette", marks=pytest.mark.soak)])
def test_an_untouched_app_has_exact_trees(start: Start, app: str) -> None:
    """Those of `instrument()`: one server span a request, what user code opens below it, and the line at start-up."""
    server, reader = start(f"{APPS}:{app}")
    answers = [get(server, f"{path}/hello/ada") for path in ("", "/inner")]
    assert all(answer.headers["x-mlflow-trace-id"].startswith("tr-") for answer in answers)
    expected = [picture([parse(f"GET {path}/hello/{{name}} > work")]) for path in ("", "/inner")]
    assert sorted(pictures(reader, of="hello", times=2)) == sorted(expected)
    until(
        lambda: "traces go to experiment" in server.process.log,
        seconds=30,
        waiting_for=lambda: f"the line at start-up in:\n{server.process.log}",
    )


@pytest.mark.soak
@pytest.mark.parametrize("server", [name for name in SERVERS if name != "uvicorn"])
@pytest.mark.parametrize("app", ["fastapi", "starlette", "litestar_app"])
def test_an_untouched_app_has_exact_trees_on_every_server(start: Start, server: str, app: str) -> None:
    """Workers are processes of their own on some."""
    if server == "hypercorn-trio" and app == "litestar_app":
        pytest.skip("Litestar is not what runs on trio here")
    running, reader = start(f"{APPS}:{app}", server)
    get(running, "/hello/ada")
    assert pictures(reader, of="hello", times=1) == [picture([parse("GET /hello/{name} > work")])]


@pytest.mark.parametrize(
    "launcher",
    [
        pytest.param((INSTRUMENT, *RUN), id="around"),
        pytest.param((*RUN, INSTRUMENT), id="inside", marks=pytest.mark.soak),
    ],
)
def test_an_opentelemetry_instrument_that_is_there_is_used(start: Start, launcher: tuple[str, ...]) -> None:
    """Its server span is the request's, and there is no other."""
    server, reader = start(f"{APPS}:fastapi", launcher=launcher, **QUIET)
    get(server, "/hello/ada")
    assert pictures(reader, of="hello", times=1) == [picture([parse("GET /hello/{name} > work")])]


def test_the_dashboard_is_served_where_it_was_asked_for(start: Start) -> None:
    """`--ops`, below /ops; the app's own paths are the app's."""
    server, _ = start(f"{APPS}:starlette", launcher=(*RUN, "--ops"))
    assert get(server, "/hello/ada").text == "done"
    assert get(server, "/ops/status").json()["state"] in ("starting", "ok")
    assert "<html" in get(server, "/ops/").text


def test_an_existing_sitecustomize_is_imported(start: Start, tmp_path: Path) -> None:
    """Python imports one alone; ours imports the next."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.stderr.write('theirs was imported\\n')\n")
    repository = str(Path(__file__).resolve().parents[2])
    server, reader = start(f"{APPS}:fastapi", PYTHONPATH=f"{folder}:{repository}")
    get(server, "/hello/ada")
    assert pictures(reader, of="hello", times=1)
    assert "theirs was imported" in server.process.log


def test_what_was_answered_before_a_kill_is_there(start: Start) -> None:
    """As with `instrument()`: a quarter of a second after the answer, the trace is on disk."""
    server, reader = start(f"{APPS}:fastapi")
    answered: list[tuple[float, str]] = []
    deadline = time.monotonic() + 1.0
    while time.monotonic() < deadline:
        trace_id = get(server, "/hello/ada").headers["x-mlflow-trace-id"]
        answered.append((time.monotonic(), trace_id))
    killed_at = time.monotonic()
    server.process.kill()
    safe = {trace_id for at, trace_id in answered if at < killed_at - 0.25}
    assert safe
    start(f"{APPS}:fastapi", experiment=reader.experiment)
    until(
        lambda: safe <= {trace.info.trace_id for trace in reader.traces()},
        seconds=60,
        waiting_for=lambda: f"all of {len(safe)} traces",
    )
