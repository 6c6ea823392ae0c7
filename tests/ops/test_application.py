"""The endpoints of the dashboard: status for probes, the summary, and what they say when something is wrong."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from otel_mlflow import Settings, Tracing, ops
from otel_mlflow.delivery import Delivery
from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.errors import MisconfigurationError
from tests.ops.dashboards import dashboard, settings_of
from tests.servers.process import until


def refuse() -> Destination:
    """A backend that somebody has to mend."""
    raise MisconfigurationError("the credentials were rejected", "use others")


@pytest.mark.parametrize(("enabled", "state"), [(True, "starting"), (False, "disabled")])
def test_the_status_of_tracing_that_is_not_failed_is_200(
    store: Path, tmp_path: Path, enabled: bool, state: str
) -> None:
    """A probe must not restart an application that is starting, or that is not to be traced."""
    with dashboard(settings_of(store, tmp_path, tracing={"enabled": enabled})) as client:
        answer = client.get("/status")
        assert (answer.status_code, answer.json()["state"]) == (200, state)


def test_the_status_of_failed_tracing_is_503(store: Path, tmp_path: Path) -> None:
    """With the reason, and what to do."""
    settings = settings_of(store, tmp_path)
    tracing = Tracing(settings, delivery=Delivery(settings, refuse))
    tracing.start()
    client = TestClient(ops.app(tracing))
    answer = until(
        lambda: found if (found := client.get("/status")).status_code == 503 else None,
        seconds=30,
        waiting_for=lambda: "the status to be failed",
    )
    tracing.shutdown(0)
    assert (answer.json()["reason"], answer.json()["fix"]) == ("the credentials were rejected", "use others")


def test_mounted_it_is_found_with_and_without_the_slash(store: Path, tmp_path: Path) -> None:
    """The page's parts are found relative to it."""
    tracing = Tracing(settings_of(store, tmp_path))
    outer = FastAPI()
    outer.mount("/deep/ops", ops.app(tracing))
    client = TestClient(outer)
    answer = client.get("/deep/ops")
    tracing.shutdown()
    assert answer.status_code == 200
    assert str(answer.url).endswith("/deep/ops/")
    assert client.get("/deep/ops/page/page.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/status/", 404), ("POST", "/", 405)]
)
def test_what_is_not_there_is_told_in_json(store: Path, tmp_path: Path, method: str, path: str, status: int) -> None:
    """No redirect either, which would name a host that only a proxy knows."""
    tracing = Tracing(settings_of(store, tmp_path))
    answer = TestClient(ops.app(tracing)).request(method, path, follow_redirects=False)
    tracing.shutdown(0)
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ("window=1y", "window is '1y'"),
        ("window=0h", "window is '0h'"),
        ("window=93d", "up to 92d"),
        ("from=yesterday", "from is 'yesterday'"),
        ("to=2026-01-01T00:00Z", "from is missing"),
        ("from=2026-01-02&to=2026-01-01", "not a range"),
        ("from=9999-12-31&to=9999-12-31T23:59-14:00", "from is '9999-12-31'"),
        ("from=0001-01-01&to=0001-01-02", "from is '0001-01-01'"),
        ("slower_than=long", "slower_than is 'long'"),
        ("slower_than=-1", "slower_than is '-1'"),
        ("user=ada@example.com", "show_users"),
        ("rout=POST+/ask", "rout is not known; expected window, from, to, route"),
    ],
)
def test_a_question_that_cannot_be_read_is_400(store: Path, tmp_path: Path, asked: str, word: str) -> None:
    """With what was seen and what was expected."""
    with dashboard(settings_of(store, tmp_path)) as client:
        answer = client.get(f"/api/summary?{asked}")
        assert answer.status_code == 400
        assert word in answer.json()["detail"]


@pytest.mark.parametrize(
    ("uri", "word"),
    [
        ("sqlite:////nowhere/at/all.db", "there is no database"),
        ("http://127.0.0.1:1", "does not answer"),
        ("postgresql+psycopg2://u:secret@127.0.0.1:1/db", "does not answer"),
        ("file:///nowhere", "cannot be asked"),
    ],
)
def test_a_backend_that_cannot_be_asked_is_503(store: Path, tmp_path: Path, uri: str, word: str) -> None:
    """With what to do, and no secret."""
    with dashboard(settings_of(store, tmp_path, tracking_uri=uri)) as client:
        answer = client.get("/api/summary")
        assert answer.status_code == 503
        assert word in answer.json()["detail"]
        assert answer.json()["fix"]
        assert "secret" not in answer.text


def test_without_numpy_the_figures_say_what_to_install(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The application runs without it, and so does all else of the dashboard."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    with dashboard(settings_of(store, tmp_path)) as client:
        assert client.get("/api/summary").json()["fix"] == "pip install 'otel-mlflow[ops]'"
        assert client.get("/status").status_code == 200


def test_an_experiment_that_is_not_there_yet_is_told_as_such(store: Path, tmp_path: Path) -> None:
    """Before the first trace."""
    with dashboard(settings_of(store, tmp_path, experiment_name="another")) as client:
        assert "has no experiment 'another'" in client.get("/api/summary").json()["detail"]


def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path) -> None:
    """Not as a backend that is away."""
    wrong = tmp_path / "wrong.db"
    wrong.write_text("this is text, and rather more of it than a page of SQLite's would need to be recognised" * 50)
    with dashboard(settings_of(wrong, tmp_path)) as client:
        assert "is no MLflow database" in client.get("/api/summary").json()["detail"]


def test_the_same_question_is_asked_once(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For some seconds: the answer is the same object's."""
    moment = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    with dashboard(settings_of(store, tmp_path)) as client:
        first = client.get("/api/summary?window=28d")
        store_gone = store.rename(store.with_name("moved.db"))
        try:
            assert client.get("/api/summary?window=28d").text == first.text
            assert client.get("/api/summary?window=27d").status_code == 503
        finally:
            store_gone.rename(store)


def test_no_content_of_requests_is_in_any_answer(store: Path, tmp_path: Path) -> None:
    """Neither previews, nor inputs, nor who it was."""
    with dashboard(settings_of(store, tmp_path)) as client:
        everything = [client.get(path).text for path in ("/", "/status", "/metrics", "/api/summary?window=92d")]
    assert all("the secret" not in text and "@example.com" not in text for text in everything)


@pytest.mark.parametrize("plus", ["%2B", "+"])
def test_an_offset_may_have_its_plus_unescaped(store: Path, tmp_path: Path, plus: str) -> None:
    """In a query string it is a space, and nobody thinks of that."""
    tracing = Tracing(settings_of(store, tmp_path))
    asked = f"from=2026-01-02T00:00{plus}02:00&to=2026-01-02T08:00{plus}02:00"
    answer = TestClient(ops.app(tracing)).get(f"/api/summary?{asked}")
    tracing.shutdown(0)
    assert answer.json()["window"]["start"] == "2026-01-01T22:00:00Z"


def test_settings_are_not_read_at_mounting(tmp_path: Path) -> None:
    """A dashboard is made before anything is known of the backend, and costs no network."""
    tracing = Tracing(Settings(tracking_uri="http://127.0.0.1:1", delivery={"spool_dir": tmp_path}))
    ops.app(tracing)
    tracing.shutdown()
    assert list(tmp_path.iterdir()) == []
