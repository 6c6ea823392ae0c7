"""Log records say in which trace they were written."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import otel_mlflow
from otel_mlflow import Settings, Tracing
from otel_mlflow.logs import TraceIdFilter
from otel_mlflow.testing import CapturedTraces
from tests.unit.apps import app_of
from tests.unit.asgi_calls import Call
from tests.unit.conftest import Instrument

logger = logging.getLogger("an.application")


@pytest.fixture(autouse=True)
def makes_records_as_before(fresh_process: None) -> Iterator[None]:
    """Whatever a test sets up is gone afterwards."""
    before = logging.Logger.makeRecord
    yield
    assert logging.Logger.makeRecord is before


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the application's log says, in a format with the trace's id."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("[%(trace_id)s] %(message)s"))
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def serve(instrument: Instrument, say: Callable[[], Any], **settings: Any) -> str:
    """Serve one request whose handler logs; answer the id of its trace."""

    def handler() -> None:
        say()

    app = app_of(handler)
    instrument(app, **settings)
    return Call(app).run().headers.get("x-mlflow-trace-id", "")


def test_inside_a_request_records_carry_its_trace(
    traces: CapturedTraces, instrument: Instrument, written: io.StringIO
) -> None:
    """Through any handler's format, also where the logger is deep down."""

    def say() -> None:
        logger.warning("here")
        logger.getChild("deeper").warning("there")

    trace_id = serve(instrument, say)
    assert trace_id == traces[0].info.trace_id
    assert written.getvalue() == f"[{trace_id}] here\n[{trace_id}] there\n"


def test_outside_a_request_the_id_is_empty(traces: CapturedTraces, tracing: Tracing, written: io.StringIO) -> None:
    """A format that names it works everywhere."""
    logger.warning("starting")
    assert written.getvalue() == "[] starting\n"


@pytest.mark.parametrize("tracing", [{"enabled": False}, {"excluded_urls": ["^/$"]}], ids=["disabled", "excluded"])
def test_where_nothing_is_traced_the_id_is_empty(
    traces: CapturedTraces, instrument: Instrument, written: io.StringIO, tracing: dict[str, Any]
) -> None:
    """Turning tracing off breaks no log format."""
    serve(instrument, lambda: logger.warning("here"), tracing=tracing)
    assert written.getvalue() == "[] here\n"


def test_a_handler_that_is_added_in_the_request_sees_it(traces: CapturedTraces, instrument: Instrument) -> None:
    """Logging is often set up when the application starts, after `instrument()`."""
    records: list[logging.LogRecord] = []

    class Late(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    late = Late()

    def say() -> None:
        logger.addHandler(late)
        logger.warning("here")
        logger.removeHandler(late)

    trace_id = serve(instrument, say)
    assert [record.__dict__["trace_id"] for record in records] == [trace_id]


def test_a_trace_id_of_the_application_s_own_stays(
    traces: CapturedTraces, instrument: Instrument, written: io.StringIO
) -> None:
    """`extra={"trace_id": …}` means another trace, and is allowed."""
    serve(instrument, lambda: logger.warning("here", extra={"trace_id": "theirs"}))
    assert written.getvalue() == "[theirs] here\n"


def test_uninstrument_takes_it_back(fresh_process: None, caplog: pytest.LogCaptureFixture) -> None:
    """With the last application, not with the first."""
    apps = [app_of(lambda: None), app_of(lambda: None)]
    for app in apps:
        otel_mlflow.instrument(app, Settings())
    otel_mlflow.uninstrument(apps[0])
    logger.warning("one is left")
    otel_mlflow.uninstrument(apps[1])
    logger.warning("none is left")
    assert [hasattr(record, "trace_id") for record in caplog.records if record.name == logger.name] == [True, False]


def test_somebody_else_s_hook_round_ours_survives(
    fresh_process: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours then stays where it is, and does nothing."""
    tracing = Tracing(Settings())
    ours = logging.Logger.makeRecord

    def theirs(self: logging.Logger, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = ours(self, *args, **kwargs)
        record.theirs = True
        return record

    with monkeypatch.context() as patched:
        patched.setattr(logging.Logger, "makeRecord", theirs)
        tracing.shutdown()
        logger.warning("here")
    Tracing(Settings()).shutdown()
    (record,) = (record for record in caplog.records if record.name == logger.name)
    assert (hasattr(record, "theirs"), hasattr(record, "trace_id")) == (True, False)


def test_the_filter_can_be_used_by_itself(fresh_process: None) -> None:
    """On a handler that runs without `instrument()`, or in a `dictConfig`."""
    record = logging.makeLogRecord({"msg": "here"})
    assert TraceIdFilter().filter(record)
    assert record.__dict__["trace_id"] == ""
