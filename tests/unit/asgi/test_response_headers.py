"""The response headers that tell a caller of its trace."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.middleware.cors import CORSMiddleware

from otel_mlflow.asgi.response_headers import with_ids
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument

CORS = ("access-control-allow-origin", "https://here.example")
OURS = "X-MLflow-Trace-Id, X-Request-ID"


def told(*headers: tuple[str, str]) -> list[tuple[str, str]]:
    """All headers of a response that has these."""
    raw = [(name.encode(), value.encode()) for name, value in headers]
    told, _ = with_ids(raw, trace_id=b"tr-1", request_id=b"r-1")
    return [(name.decode(), value.decode()) for name, value in told]


def exposed(*headers: tuple[str, str]) -> list[str]:
    """What a response that has these headers lets scripts read."""
    return [value for name, value in told(*headers) if name.lower() == "access-control-expose-headers"]


def test_two_are_added() -> None:
    """After the application's own."""
    assert told(("a", "1")) == [("a", "1"), ("x-mlflow-trace-id", "tr-1"), ("x-request-id", "r-1")]


def test_the_application_s_request_id_stays() -> None:
    """It has told its caller another, and will look for that."""
    assert told(("X-Request-Id", "own")) == [("X-Request-Id", "own"), ("x-mlflow-trace-id", "tr-1")]


def test_without_cors_nothing_is_exposed() -> None:
    """A page of the same origin may read all headers."""
    assert exposed(("a", "1")) == []


def test_with_cors_both_are_exposed() -> None:
    """So that a page of another origin can link to the trace."""
    assert exposed(CORS) == [OURS]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("X-Total", f"X-Total, {OURS}"),
        ("", OURS),
        ("x-request-id", "x-request-id, X-MLflow-Trace-Id"),
        ("X-MLFLOW-TRACE-ID , X-Request-ID", "X-MLFLOW-TRACE-ID , X-Request-ID"),
        ("*", "*"),
    ],
)
def test_what_the_application_exposes_stays_exposed(own: str, expected: str) -> None:
    """Ours join its list, once."""
    assert exposed(CORS, ("Access-Control-Expose-Headers", own)) == [expected]


def test_with_credentials_a_star_exposes_nothing() -> None:
    """The Fetch standard takes it for a name then."""
    credentials = ("access-control-allow-credentials", "true")
    assert exposed(CORS, credentials, ("access-control-expose-headers", "*")) == [f"*, {OURS}"]


def test_a_second_list_of_the_application_s_counts_too() -> None:
    """Headers that come twice are one list."""
    lists = [("access-control-expose-headers", "X-A"), ("access-control-expose-headers", "X-Request-ID")]
    assert exposed(CORS, *lists) == ["X-A, X-MLflow-Trace-Id", "X-Request-ID"]


def test_an_answer_to_a_preflight_exposes_nothing() -> None:
    """No script reads it."""
    assert exposed(CORS, ("access-control-allow-methods", "GET")) == []


@pytest.mark.parametrize(("options", "expected"), [({}, OURS), ({"expose_headers": ["X-Total"]}, f"X-Total, {OURS}")])
def test_starlette_s_cors_middleware_exposes_them(
    traces: CapturedTraces, instrument: Instrument, options: dict[str, Any], expected: str
) -> None:
    """As applications set it up."""
    app = app_of(lambda: None)
    app.add_middleware(CORSMiddleware, allow_origins=["*"], **options)
    instrument(app)
    assert Call(app, headers={"origin": CORS[1]}).run().headers["access-control-expose-headers"] == expected
    assert "access-control-expose-headers" not in Call(app).run().headers
