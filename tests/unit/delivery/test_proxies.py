"""Proxies as the environment names them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from otel_mlflow.backends.http import HttpClient, basic
from otel_mlflow.errors import DeliveryError, MisconfigurationError, RetryableError
from tests.ports import find_free_port

BEHIND = "http://mlflow.invalid"


@pytest.fixture
def proxy() -> Iterator[str]:
    """Host and port of a proxy that lets through whoever brings its password, and answers itself."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = self.headers["Proxy-Authorization"] == basic("me", "hunter@2")
            self.send_response(200 if is_known else 407)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_CONNECT = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def failure(address: str) -> DeliveryError:
    """The error of asking for something there."""
    with pytest.raises(DeliveryError) as caught:
        HttpClient(address, {}).get("/", {})
    return caught.value


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_gets_the_credentials_in_its_address(proxy: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoded, and with or without a scheme before them, as everything else in Python takes them."""
    monkeypatch.setenv("http_proxy", f"{scheme}me:hunter%402@{proxy}")
    assert HttpClient(BEHIND, {}).get("/", {}).status == 200


def test_a_proxy_that_wants_credentials_is_told_from_the_backend(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before TLS the proxy itself answers: somebody has to give it a password."""
    monkeypatch.setenv("https_proxy", f"http://me:hunter2@{proxy}")
    error = failure("https://mlflow.invalid")
    assert isinstance(error, MisconfigurationError)
    assert f"https://mlflow.invalid cannot be reached by way of the proxy http://{proxy}: " in error.reason
    assert "407" in error.reason
    assert "user and password" in error.fix
    assert "hunter2" not in str(error)


def test_a_proxy_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks for a fault of the backend."""
    port = find_free_port()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    error = failure(BEHIND)
    assert isinstance(error, RetryableError)
    assert f"by way of the proxy http://127.0.0.1:{port}: " in error.reason


@pytest.mark.parametrize(("named", "seen"), [("socks5://me:hunter2@proxy:1", "'socks5'"), ("hunter2 proxy", "is none")])
def test_a_proxy_that_is_none_is_somebody_s_to_correct(named: str, seen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No fault of ours, and no word of what may be a password."""
    monkeypatch.setenv("http_proxy", named)
    error = failure(BEHIND)
    assert isinstance(error, MisconfigurationError)
    assert seen in error.reason
    assert "NO_PROXY" in error.fix
    assert "hunter2" not in str(error)
