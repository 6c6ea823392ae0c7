"""HTTP to a backend: what comes back, sorted by what can be done about it."""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from otel_mlflow.backends.http import HttpClient, basic
from otel_mlflow.backends.response import MOST_SHOWN, Response, error_for, error_for_status, retry_after
from otel_mlflow.errors import (
    DeliveryError,
    MisconfigurationError,
    RejectedError,
    RetryableError,
    UnexpectedResponseError,
)
from tests.ports import find_free_port
from tests.servers.black_hole import silent_host

QUICKLY = (2.0, 0.3)


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (RetryableError, [408, 423, 425, 429, 449, 499, 500, 502, 503, 504]),
        (
            MisconfigurationError,
            [301, 307, *range(401, 408), 410, 411, 415, 418, 421, 426, 431, 451, 501],
        ),
        (RejectedError, [400, 409, 413, 422]),
    ],
)
def test_answers_are_sorted(kind: type[DeliveryError], statuses: list[int]) -> None:
    """Again later, once somebody has mended it, or never."""
    assert all(isinstance(error_for_status(status, "no"), kind) for status in statuses)


@pytest.mark.parametrize(
    "said",
    ["(sqlite3.IntegrityError) UNIQUE constraint failed: trace_tags.key", "duplicate key value violates a constraint"],
)
def test_two_that_write_of_one_trace_at_once_are_no_refusal(said: str) -> None:
    """MLflow answers the later one with a bad request; sent again it goes through."""
    assert isinstance(error_for_status(400, f"MLflow says: BAD_REQUEST: {said}"), RetryableError)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (422, "Failed to log OpenTelemetry spans"),
        (400, "BAD_REQUEST: (psycopg2.InterfaceError) connection already closed"),
        (400, "BAD_REQUEST: Can't reconnect until invalid transaction is rolled back."),
        (400, "BAD_REQUEST: (psycopg2.DatabaseError) server closed the connection unexpectedly"),
        (400, "BAD_REQUEST: (pymysql.err.InternalError) MySQL server has gone away"),
    ],
)
def test_a_database_that_ends_in_the_middle_is_no_refusal(status: int, said: str) -> None:
    """MLflow answers as if it were the request's fault; sent again it goes through."""
    assert isinstance(error_for_status(status, f"MLflow says: {said}"), RetryableError)


@pytest.mark.parametrize(
    ("header", "date", "seconds"),
    [
        (None, None, None),
        ("", None, None),
        ("7", None, 7.0),
        ("0.5", None, 0.5),
        ("-3", None, 0.0),
        ("soon", None, None),
        ("Mon, 23 Nov 2026 10:00:30 GMT", "Mon, 23 Nov 2026 10:00:00 GMT", 30.0),
        ("Mon, 23 Nov 2026 09:00:00 GMT", "Mon, 23 Nov 2026 10:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, date: str | None, seconds: float | None) -> None:
    """RFC 9110, 10.2.3; what is neither is passed over."""
    assert retry_after(header, date) == seconds


def test_a_sentence_that_is_called_html_is_a_sentence() -> None:
    """What MLflow's authentication answers; a page is named and not shown."""
    html = {"Content-Type": "text/html; charset=utf-8"}
    assert Response(401, html, b"You are not authenticated.").text == "You are not authenticated."
    assert Response(401, html, b"<html><title>Nope</title></html>").text == "an HTML page, titled 'Nope'"


def test_an_error_says_what_the_backend_said() -> None:
    """Its own message, cut to what a person reads, and its name for what went wrong."""
    response = Response(400, {}, b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "' + b"long " * 1000 + b'"}')
    error = error_for(response, "MLflow at http://m:5000")
    assert error.reason.startswith("MLflow at http://m:5000 answered 400: long long")
    assert len(error.reason) < MOST_SHOWN + 100
    assert response.error_code == "INVALID_PARAMETER_VALUE"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"text"', b"\xff\xfe"])
def test_an_answer_that_is_no_json_is_shown_as_it_is(body: bytes) -> None:
    """A proxy's page has no error code, and breaks nothing."""
    response = Response(502, {}, body)
    assert response.error_code == ""
    assert isinstance(response.text, str)


@pytest.fixture
def echo() -> Iterator[tuple[str, set[object]]]:
    """A server that answers, and the clients' addresses that it has seen."""
    seen: set[object] = set()

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            seen.add(self.client_address)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Authorization", self.headers["Authorization"] or "none")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def test_one_connection_serves_many_requests(echo: tuple[str, set[object]]) -> None:
    """Connecting anew for each would cost more than the request."""
    url, seen = echo
    client = HttpClient(url, {})
    assert [client.post("/x", b"body", {}).body for _ in range(5)] == [b"body"] * 5
    client.close()
    assert len(seen) == 1


def test_nobody_listens() -> None:
    """The address and the reason are named, in words and not in library names."""
    url = f"http://127.0.0.1:{find_free_port()}"
    with pytest.raises(RetryableError, match=f"{url} does not answer: .*refused") as caught:
        HttpClient(url, {}).get("/", {})
    assert "urllib3" not in str(caught.value)


def test_a_failure_while_another_is_handled_is_told_by_itself() -> None:
    """Not as what the host had answered before."""
    with pytest.raises(RetryableError, match=r"does not answer: .*refused"):
        _ask_again_after(RejectedError("who are you?"))


def _ask_again_after(earlier: DeliveryError) -> None:
    try:
        raise earlier
    except DeliveryError:
        HttpClient(f"http://127.0.0.1:{find_free_port()}", {}).get("/", {})


def test_nobody_answers() -> None:
    """The wait is bounded."""
    with silent_host() as port, pytest.raises(RetryableError, match=r"does not answer: .*timed out"):
        HttpClient(f"http://127.0.0.1:{port}", {}, timeouts=QUICKLY).get("/", {})


@pytest.mark.parametrize("address", ["http://", "http://host:port"])
def test_an_address_that_is_none(address: str) -> None:
    """Waiting does not help: somebody has to correct it."""
    with pytest.raises(MisconfigurationError) as caught:
        HttpClient(address, {}).get("/", {})
    assert caught.value.fix == "correct the address"


def answering(answer: bytes) -> Iterator[str]:
    """A host that says these bytes to whoever connects, whatever they ask."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer_all() -> None:
        try:
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)
        except OSError:
            return

    threading.Thread(target=answer_all, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()


@pytest.mark.parametrize(
    "answer", [b"220 mail ESMTP\r\n", b"\x15\x03\x01\x00\x02", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200]
)
def test_an_answer_that_is_no_http_is_told_as_such(answer: bytes) -> None:
    """Somebody answers, and in one line of readable characters it is said how."""
    with contextmanager(answering)(answer) as url, pytest.raises(UnexpectedResponseError) as caught:
        HttpClient(url, {}).get("/", {})
    assert caught.value.reason.startswith(f"the response of {url} is no HTTP (")
    assert caught.value.reason.isprintable()


@pytest.mark.parametrize(
    ("ending", "seen"),
    [("\n", "a line break"), ("\r\nX-Other: 1", "a line break"), ("☃", "a character that no header")],
)
def test_a_header_that_cannot_be_sent_is_named_without_its_value(ending: str, seen: str) -> None:
    """A token that was read from a file often ends with a line break: somebody has to correct that."""
    secret = "hunter2"
    with pytest.raises(MisconfigurationError) as caught:
        HttpClient("http://127.0.0.1:1", {"Authorization": f"Bearer {secret}{ending}"}).get("/", {})
    assert f"the header Authorization for http://127.0.0.1:1 cannot be sent: there is {seen}" in caught.value.reason
    assert secret not in "".join(traceback.format_exception(caught.value))


def test_credentials_in_the_address_are_sent_and_never_shown(echo: tuple[str, set[object]]) -> None:
    """As requests sends them, decoded; the response names its backend without them."""
    url, _ = echo
    address = url.replace("://", "://me:hunter%402@")
    client = HttpClient(address, {})
    response = client.post("/x", b"body", {})
    client.close()
    assert response.headers["X-Authorization"] == basic("me", "hunter@2")
    assert response.address == url
