"""urllib3's connections, with the proxy and the certificates that requests would use, and a deadline for a response."""

from __future__ import annotations

import http.client
import io
import socket
import time
from pathlib import Path
from typing import Any

import requests
import urllib3
from certifi import where
from requests.utils import select_proxy
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection

from otel_mlflow.backends.client_settings import socket_options
from otel_mlflow.backends.proxies import proxy_manager
from otel_mlflow.backends.tls import check_client_certificate, check_server_certificate

# A server may send its response in two packets and wait, before the second, for an acknowledgement that the kernel
# delays by 40 ms (MLflow's does with several workers). Acknowledging at once makes one connection four times as fast.
_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)


def connection_pools(
    base_url: str, connections: int, verify: bool | str, certificate: str | None
) -> urllib3.PoolManager:
    """The connections to one address.

    Not requests itself: it takes three times the processor time for each of the many small requests that are sent
    while the application has better things to do. Raises `MisconfigurationError` for certificates that are not there.
    """
    environment: Any = requests.Session().merge_environment_settings(base_url, {}, False, verify, certificate)
    options: dict[str, Any] = {"num_pools": 1, "maxsize": connections, "socket_options": socket_options()}
    options |= _trust(environment["verify"])
    if (client := environment["cert"]) is not None:
        check_client_certificate(client)
        options["cert_file"] = client
    proxy = select_proxy(base_url, environment["proxies"])
    pools = proxy_manager(proxy, options) if proxy is not None else urllib3.PoolManager(**options)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return pools


def _trust(verify: bool | str) -> dict[str, Any]:
    if not verify:
        return {"cert_reqs": "CERT_NONE"}
    bundle = where() if verify is True else str(verify)
    check_server_certificate(bundle)
    return {"cert_reqs": "CERT_REQUIRED", "ca_cert_dir" if Path(bundle).is_dir() else "ca_certs": bundle}


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until so much time is over since the first byte was waited for.

    A socket's own timeout begins anew with each byte: a backend that sends one a second would be read for ever.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._seconds = connection.gettimeout()
        self._deadline = time.monotonic() + self._seconds if self._seconds is not None else None

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        try:
            self._socket.settimeout(self._left())
            return self._raw.readinto(buffer)
        except TimeoutError:
            pass
        # Outside of the clause: who looks for the cause of it all is to find these words.
        raise TimeoutError(f"timed out: its response was not complete after {self._seconds:g} s")

    def _left(self) -> float | None:
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class _SocketWithDeadline:
    """As much of a socket as `http.client.HTTPResponse` uses."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def makefile(self, mode: str) -> io.BufferedReader:
        """Everything that comes, within the socket's timeout from now on."""
        return io.BufferedReader(_DeadlineReader(self._socket))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_SocketWithDeadline(sock), *args, **kwargs)  # type: ignore[arg-type]


class _Connection(HTTPConnection):
    response_class = _Response

    @override
    def getresponse(self) -> Any:
        if _QUICK_ACK is not None and self.sock is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        return super().getresponse()


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
