"""The numbered rules of `http/exchange.py`: when an exchange ends, when the client has left, and how it ended."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from otel_mlflow.http.exchange import Exchange
from tests.unit.asgi_calls import Call, empty_answer

GONE = {"type": "http.disconnect"}


class WebSocketDisconnect(Exception):
    """What frameworks raise where a WebSocket's client is gone."""

    def __init__(self, code: int) -> None:
        self.code = code


def exchange_of(kind: str = "http") -> Exchange:
    """An exchange of which nothing has happened yet."""
    return Exchange(Call(empty_answer, type=kind).scope, capture_bytes=100)


def send(exchange: Exchange, kind: str, **message: Any) -> None:
    """The application sends a message, and the server takes it."""
    exchange.sending = {"type": kind, **message}
    exchange.sent({"type": kind, **message})


def start(exchange: Exchange, status: int = 200, **message: Any) -> None:
    """The response begins."""
    send(exchange, "http.response.start", status=status, **message)


@pytest.mark.parametrize("kind", ["body", "pathsend", "zerocopysend"])
def test_1_a_response_ends_with_its_last_message(kind: str) -> None:
    """Not with one after which more follows."""
    exchange = exchange_of()
    start(exchange)
    send(exchange, f"http.response.{kind}", more_body=True)
    assert not exchange.complete
    send(exchange, f"http.response.{kind}")
    assert exchange.complete


def test_1_after_a_start_that_promises_trailers_the_response_ends_with_them() -> None:
    """With the last of them."""
    exchange = exchange_of()
    start(exchange, trailers=True)
    send(exchange, "http.response.body", body=b"x")
    send(exchange, "http.response.trailers", headers=[], more_trailers=True)
    assert not exchange.complete
    send(exchange, "http.response.trailers", headers=[])
    assert exchange.complete


def test_2_a_websocket_ends_when_the_application_closes_it() -> None:
    """Or with the last message of a denial."""
    closed, denied = exchange_of("websocket"), exchange_of("websocket")
    send(closed, "websocket.accept")
    assert not closed.complete
    send(closed, "websocket.close", code=1000)
    send(denied, "websocket.http.response.start", status=401, headers=[])
    assert not denied.complete
    send(denied, "websocket.http.response.body", body=b"no")
    assert (closed.complete, denied.complete, denied.status_code) == (True, True, 401)


def test_3_what_has_not_ended_ends_with_the_application() -> None:
    """A WebSocket whose client has closed it, say."""
    exchange = exchange_of("websocket")
    send(exchange, "websocket.accept")
    exchange.received({"type": "websocket.disconnect", "code": 1000})
    assert not exchange.complete
    exchange.returned()
    assert (exchange.complete, exchange.outcome) == (True, "ok")


def test_4_a_disconnect_before_the_end_is_a_departure() -> None:
    """Also one that is noticed by sending in vain."""
    told, noticed = exchange_of(), exchange_of()
    start(told)
    told.received(GONE)
    noticed.departed()
    assert (told.outcome, noticed.outcome) == ("cancelled", "cancelled")


def test_4_a_disconnect_after_the_end_is_none() -> None:
    """Uvicorn says it to everybody who goes on listening."""
    exchange = exchange_of()
    start(exchange)
    send(exchange, "http.response.body")
    exchange.received(GONE)
    assert exchange.outcome == "ok"


def test_5_a_disconnect_while_the_last_message_is_sent_is_none() -> None:
    """Hypercorn says it then; frameworks that listen for it cancel the sending."""
    exchange = exchange_of()
    start(exchange)
    last: dict[str, Any] = {"type": "http.response.body", "body": b"", "more_body": False}
    exchange.sending = last
    exchange.received(GONE)
    exchange.interrupted(last)
    assert (exchange.complete, exchange.outcome) == (True, "ok")


def test_5_a_message_that_is_cancelled_without_a_disconnect_was_not_sent() -> None:
    """A server that shuts down while a slow client reads."""
    exchange = exchange_of()
    start(exchange)
    last: dict[str, Any] = {"type": "http.response.body", "body": b"x"}
    exchange.sending = last
    exchange.interrupted(last)
    assert not exchange.complete


@pytest.mark.parametrize(
    ("code", "outcome"), [(1000, "ok"), (1001, "ok"), (1005, "ok"), (1006, "cancelled"), (1011, "cancelled")]
)
@pytest.mark.parametrize("how", ["received", "raised"])
def test_6_a_websocket_s_client_takes_its_leave_or_is_gone(code: int, outcome: str, how: str) -> None:
    """By the code; whether the application receives it, or the framework raises it."""
    exchange = exchange_of("websocket")
    send(exchange, "websocket.accept")
    if how == "received":
        exchange.received({"type": "websocket.disconnect", "code": code})
    else:
        exchange.left_by(WebSocketDisconnect(code))
    exchange.returned()
    assert (exchange.outcome, exchange.close_code) == (outcome, code)


def test_6_what_the_server_says_of_a_websocket_that_the_application_closed_is_nothing_new() -> None:
    """The code is the application's."""
    exchange = exchange_of("websocket")
    send(exchange, "websocket.accept")
    send(exchange, "websocket.close", code=1008)
    exchange.received({"type": "websocket.disconnect", "code": 1006})
    assert (exchange.outcome, exchange.close_code) == ("ok", 1008)


def test_7_a_cancellation_before_the_end_has_cancelled() -> None:
    """It is no exception of the application's, alone or with others of its kind."""
    exchange = exchange_of()
    exchange.left_by(KeyboardInterrupt())
    assert (exchange.outcome, exchange.error_type) == ("cancelled", "cancelled")


class OwnExit(BaseException):
    """What an application may raise past `except Exception`."""


@pytest.mark.parametrize("error", [ValueError("seven"), SystemExit(3), OwnExit("done")])
def test_8_an_exception_that_left_the_application_is_an_error(error: BaseException) -> None:
    """`sys.exit()` in a handler, too: nobody has cancelled it, and its caller gets no response."""
    exchange = exchange_of()
    exchange.left_by(error)
    assert (exchange.outcome, exchange.error_type) == ("error", type(error).__qualname__)


@pytest.mark.parametrize("status", [500, 503])
def test_8_a_5xx_is_an_error(status: int) -> None:
    """A 4xx is the caller's."""
    failed, refused = exchange_of(), exchange_of()
    start(failed, status)
    start(refused, 404)
    assert (failed.outcome, failed.error_type, refused.outcome) == ("error", str(status), "ok")


@pytest.mark.parametrize(("code", "outcome"), [(1000, "ok"), (1008, "ok"), (1011, "error"), (1013, "error")])
def test_8_a_websocket_that_is_closed_for_an_internal_error_is_one(code: int, outcome: str) -> None:
    """What 5xx is in HTTP."""
    exchange = exchange_of("websocket")
    send(exchange, "websocket.accept")
    send(exchange, "websocket.close", code=code)
    assert (exchange.outcome, exchange.close_code) == (outcome, code)


def test_8_a_response_that_is_not_whole_is_an_error() -> None:
    """Whatever its status; none at all is one, too."""
    half, none = exchange_of(), exchange_of()
    start(half)
    send(half, "http.response.body", body=b"x", more_body=True)
    half.returned()
    none.returned()
    assert (half.outcome, half.status_code, none.outcome) == ("error", 200, "error")


def test_8_a_websocket_that_is_neither_accepted_nor_denied_is_an_error() -> None:
    """Its client is answered 500. One that was accepted may be left open, and one that is gone needs nothing."""
    left, half_denied, accepted, gone = (exchange_of("websocket") for _ in range(4))
    send(half_denied, "websocket.http.response.start", status=403, headers=[])
    send(accepted, "websocket.accept")
    gone.received({"type": "websocket.disconnect", "code": 1001})
    for exchange in (left, half_denied, accepted, gone):
        exchange.returned()
    assert [exchange.outcome for exchange in (left, half_denied, accepted, gone)] == ["error", "error", "ok", "ok"]


def test_9_an_exception_after_the_end_is_an_error_and_moves_neither_end_nor_status() -> None:
    """A background task, a dependency after `yield`."""
    exchange = exchange_of()
    start(exchange)
    send(exchange, "http.response.body")
    before = exchange.ended_ns
    exchange.left_by(ValueError("late"))
    exchange.returned()
    assert (exchange.outcome, exchange.error_type) == ("error", "ValueError")
    assert (exchange.ended_ns, exchange.status_code) == (before, 200)


def test_9_a_cancellation_after_the_end_is_nothing() -> None:
    """Servers tidy up."""
    exchange = exchange_of()
    start(exchange)
    send(exchange, "http.response.body")
    exchange.left_by(GeneratorExit())
    assert exchange.outcome == "ok"


def test_10_all_else_is_ok() -> None:
    """A member of an enumeration is the number that it stands for."""
    exchange = exchange_of()
    start(exchange, HTTPStatus.CREATED)
    send(exchange, "http.response.body")
    exchange.returned()
    assert (exchange.outcome, exchange.error_type, str(exchange.status_code)) == ("ok", None, "201")


def test_an_exception_whose_text_fails_is_recorded_without() -> None:
    """Its type is known."""

    class WordlessError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    exchange = exchange_of()
    exchange.left_by(WordlessError())
    assert exchange.exception is not None
    assert exchange.error_type is not None
    assert exchange.error_type.endswith("WordlessError")
