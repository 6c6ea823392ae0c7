"""Session and user from the headers of a request."""

from __future__ import annotations

from typing import Any

import pytest

from otel_mlflow import current_trace
from otel_mlflow.content import REDACTED
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument

SESSION, USER = "mlflow.trace.session", "mlflow.trace.user"


def metadata(traces: CapturedTraces, instrument: Instrument, headers: dict[str, str], **tracing: Any) -> dict[str, str]:
    """What is known of whose request it was."""
    app = app_of(lambda: None)
    instrument(app, tracing=tracing)
    Call(app, headers=headers).run()
    return {key: value for key, value in traces[0].info.trace_metadata.items() if key in (SESSION, USER)}


@pytest.mark.parametrize("inside", ["DATABRICKS_APP_NAME", "DATABRICKS_APP_PORT", ""])
def test_the_user_that_databricks_apps_names_is_believed_there_alone(
    traces: CapturedTraces, instrument: Instrument, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    """Its proxy sets the header; elsewhere anybody could. Sessions are called differently everywhere."""
    if inside:
        monkeypatch.setenv(inside, "agent")
    headers = {"X-Forwarded-Email": "ada@example.com", "X-Session-Id": "s-1", "X-Forwarded-Access-Token": "t"}
    assert metadata(traces, instrument, headers) == ({USER: "ada@example.com"} if inside else {})


def test_headers_can_be_chosen(traces: CapturedTraces, instrument: Instrument) -> None:
    """`tracing.session_headers` and `tracing.user_headers`, in any case."""
    headers = {"X-Forwarded-Email": "ada@example.com", "X-Chat": "s-1", "X-Account": "bob"}
    chosen = metadata(traces, instrument, headers, session_headers=["x-chat"], user_headers="X-ACCOUNT")
    assert chosen == {SESSION: "s-1", USER: "bob"}


@pytest.mark.parametrize(
    ("headers", "user"),
    [
        ({"X-One": "1", "X-Two": "2"}, "1"),
        ({"X-Two": "2"}, "2"),
        ({"X-One": " ", "X-Two": " 2 "}, "2"),
        ({}, None),
    ],
)
def test_the_first_that_says_anything_counts(
    traces: CapturedTraces, instrument: Instrument, headers: dict[str, str], user: str | None
) -> None:
    """Proxies differ; an empty header says nothing."""
    assert metadata(traces, instrument, headers, user_headers=["X-One", "X-Two"]).get(USER) == user


@pytest.mark.parametrize(("nearest", "user"), [("ada", "ada"), (" ", None)])
@pytest.mark.parametrize("name", ["X-Account", "x-account"])
def test_of_several_of_one_name_the_last_counts(
    traces: CapturedTraces, instrument: Instrument, name: str, nearest: str, user: str | None
) -> None:
    """The nearest proxy has added it, behind what the client made up."""
    app = app_of(lambda: None)
    instrument(app, tracing={"user_headers": [name]})
    Call(app, headers=[(name, "eve"), (name, nearest)]).run()
    assert traces[0].info.trace_metadata.get(USER) == user


def test_none_can_be_believed(traces: CapturedTraces, instrument: Instrument) -> None:
    """Behind no proxy, anybody could say it."""
    assert metadata(traces, instrument, {"X-Forwarded-Email": "ada@example.com"}, user_headers=[]) == {}


def test_what_user_code_says_wins(traces: CapturedTraces, instrument: Instrument) -> None:
    """It knows better than a header."""

    def handler() -> None:
        current_trace().set_session("own")
        current_trace().set_user("own")

    app = app_of(handler)
    instrument(app, tracing={"session_headers": ["X-Chat"]})
    Call(app, headers={"X-Chat": "s-1", "X-Forwarded-Email": "ada@example.com"}).run()
    assert {SESSION: "own", USER: "own"}.items() <= traces[0].info.trace_metadata.items()


def test_a_secret_in_them_is_hidden(traces: CapturedTraces, instrument: Instrument) -> None:
    """Somebody may have chosen the wrong header."""
    headers = {"Authorization": "Bearer hunter2-hunter2"}
    assert metadata(traces, instrument, headers, session_headers=["authorization"]) == {SESSION: f"Bearer {REDACTED}"}


def test_none_is_nobody_and_no_session(traces: CapturedTraces, instrument: Instrument) -> None:
    """A handler hands on what its framework knows, which may be nothing: not a user and a session called None."""

    def handler() -> None:
        current_trace().set_user(None)
        current_trace().set_session(None)

    app = app_of(handler)
    instrument(app)
    Call(app).run()
    assert not {SESSION, USER} & traces[0].info.trace_metadata.keys()
