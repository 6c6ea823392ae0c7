"""HTTP as delivery needs it: connections kept alive, responses bounded in time and in size."""

from __future__ import annotations

import base64
import http.client
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import requests
import urllib3
from requests.auth import AuthBase
from requests.utils import get_auth_from_url
from urllib3.exceptions import HTTPError, LocationValueError, ProxyError, SSLError

from otel_mlflow.backends.auth_plugins import AuthenticatedSession
from otel_mlflow.backends.connections import connection_pools
from otel_mlflow.backends.proxies import proxy_error
from otel_mlflow.backends.request_headers import check_headers
from otel_mlflow.backends.response import MOST_SHOWN, Response
from otel_mlflow.backends.tls import tls_error, unreachable
from otel_mlflow.errors import DeliveryError, MisconfigurationError, UnexpectedResponseError
from otel_mlflow.settings.addresses import redacted_address, without_userinfo

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
"""Seconds for all of a response. Storing 100 traces takes a server one; what times out is sent again, and changes
nothing the second time."""

LARGEST_RESPONSE = 32 * 1024 * 1024
"""Bytes, unpacked. The largest that a backend has cause to send is the file of a trace's spans."""

_CUT_SHORT = (http.client.RemoteDisconnected, http.client.IncompleteRead)
"""What `http.client` says of connections that ended; all else that it raises is about what came."""


class HttpClient:
    """Connections to one backend. User and password in `base_url` are what it is asked with, if `headers` say nothing.

    `timeouts` are seconds for connecting and for all of a response; `fresh_headers` is called for each request.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        connections: int = 1,
        verify: bool | str = True,
        certificate: str | None = None,
        timeouts: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
        fresh_headers: Callable[[], Mapping[str, str]] = dict,
        auth: AuthBase | None = None,
    ) -> None:
        self._base_url = without_userinfo(base_url).rstrip("/")
        self._shown = redacted_address(base_url)
        self._headers = {**_authorization_in(base_url), **headers}
        self._fresh_headers = fresh_headers
        self._certificate = certificate
        self._timeout = urllib3.Timeout(connect=timeouts[0], read=timeouts[1])
        self._pools = connection_pools(self._base_url, connections, verify, certificate)
        self._session = AuthenticatedSession(self._pools, auth, timeouts) if auth is not None else None

    def close(self) -> None:
        """Close the connections."""
        self._pools.clear()

    def get(self, path: str, parameters: Mapping[str, str]) -> Response:
        """Ask for something. Raises `RetryableError` when no response comes."""
        return self.send("GET", f"{path}?{urlencode(parameters)}" if parameters else path, None, {})

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Hand something over. Raises `RetryableError` when no response comes."""
        return self.send("POST", path, body, headers)

    def post_json(self, path: str, value: Any) -> Response:
        """Hand a JSON value over. Raises `RetryableError` when no response comes."""
        return self.post(path, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        """Ask for anything at all. Raises `RetryableError` when no response comes."""
        try:
            return self._exchange(method, path, body, {**self._fresh_headers(), **self._headers, **headers})
        except LocationValueError as error:
            raise MisconfigurationError(
                f"{self._shown} is not a usable address: {error}", "correct the address"
            ) from error
        except (SSLError, requests.exceptions.SSLError) as error:
            raise tls_error(_root_cause(error), self._shown, self._certificate) from error
        except (HTTPError, OSError) as error:
            raise self._failure(error) from error

    def _failure(self, error: BaseException) -> DeliveryError:
        cause = _root_cause(error)
        if (proxy := self._pools.proxy) is not None and isinstance(error, ProxyError):
            return proxy_error(cause, self._shown, proxy)
        if isinstance(cause, http.client.HTTPException) and not isinstance(cause, _CUT_SHORT):
            return self._unusable(f"is no HTTP ({ascii(str(cause))[:MOST_SHOWN]})")
        return unreachable(str(cause) or type(cause).__name__, self._shown, self._certificate)

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Response:
        check_headers(headers, self._shown)
        raw = self._open(method, self._base_url + path, body, headers)
        try:
            content = self._unpacked(self._complete(raw), raw.headers)
        except BaseException:
            raw.close()
            raise
        raw.release_conn()
        return Response(raw.status, raw.headers, content, self._shown)

    def _open(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        if self._session is not None:
            return self._session.open(method, url, body, headers)
        return self._pools.urlopen(
            method,
            url,
            body=body,
            headers=headers,
            timeout=self._timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def _complete(self, raw: Any) -> bytes:
        """The body as it came, or as much of it as shows that it is too large."""
        body: bytes = raw.read(LARGEST_RESPONSE + 1, decode_content=False)
        if raw.length_remaining and len(body) <= LARGEST_RESPONSE:
            raise self._unusable(f"ends {raw.length_remaining} bytes too early")
        return body

    def _unpacked(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The content. We ask for none that is compressed, and some send it all the same."""
        if headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip", "deflate"):
            unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
            try:
                body = unpacker.decompress(body, LARGEST_RESPONSE + 1)
            except zlib.error as error:
                raise self._unusable(f"cannot be unpacked ({error})") from error
            if len(body) <= LARGEST_RESPONSE and (unpacker.unused_data or not unpacker.eof):
                raise self._unusable("cannot be unpacked to its end")
        if len(body) > LARGEST_RESPONSE:
            raise self._unusable(f"is larger than {LARGEST_RESPONSE >> 20} MB")
        return body

    def _unusable(self, seen: str) -> UnexpectedResponseError:
        return UnexpectedResponseError(
            f"the response of {self._shown} {seen}", "check the address, and what stands in front of it"
        )


def _root_cause(error: BaseException) -> BaseException:
    """The innermost cause: the outer ones repeat it wrapped in library names.

    What somebody was handling who made this request, such as an earlier answer, is no cause of it.
    """
    while (inner := error.__cause__ or error.__context__) is not None and not isinstance(inner, DeliveryError):
        error = inner
    return error


def basic(username: str, password: str) -> str:
    """A header for HTTP basic authentication (RFC 7617)."""
    return "Basic " + base64.standard_b64encode(f"{username}:{password}".encode()).decode()


def _authorization_in(address: str) -> dict[str, str]:
    username, password = get_auth_from_url(address)
    return {"Authorization": basic(username, password)} if username else {}
