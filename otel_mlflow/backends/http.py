"""HTTP as delivery needs it: bounded in time, kept alive, and answers sorted into what may be tried again."""

from __future__ import annotations

import email.utils
import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from certifi import where
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, LocationValueError, SSLError

from otel_mlflow.errors import DeliveryError, MisconfigurationError, RejectedError, RetryableError

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
"""Seconds. Storing 100 traces takes a server one; what times out is sent again, and changes nothing the second time."""

SHOWN_OF_RESPONSE = 500
"""Characters of a response that people are shown."""

# A server may send its response in two packets and wait, before the second, for an acknowledgement that the kernel
# delays by 40 ms (MLflow's does with several workers). Acknowledging at once makes one connection four times as fast.
_QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)


class Response:
    """What came back."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        """The body's JSON; an empty object for anything else."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def error_code(self) -> str:
        """MLflow's name for what went wrong, empty if it gave none."""
        found = self.json()
        return str(found.get("error_code", "")) if isinstance(found, dict) else ""

    @property
    def text(self) -> str:
        """The error message of the backend, short enough to be shown."""
        found = self.json()
        message = found.get("message") or found.get("detail") if isinstance(found, dict) else None
        return str(message or self.body.decode("utf-8", "replace")).strip()[:SHOWN_OF_RESPONSE]

    @property
    def retry_after(self) -> float | None:
        """Seconds that the backend asks to be left alone; None when it does not."""
        return retry_after(self.headers.get("Retry-After"), self.headers.get("Date"))


class HttpClient:
    """Connections to one backend. `shown` is its address as it may be shown to people."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        connections: int = 1,
        verify: bool | str = True,
        certificate: str | None = None,
        timeouts: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._timeout = urllib3.Timeout(connect=timeouts[0], read=timeouts[1])
        self._pools = _pools(self._base_url, connections, verify, certificate)

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
            response = self._pools.urlopen(
                method,
                self._base_url + path,
                body=body,
                headers={**self._headers, **headers},
                timeout=self._timeout,
                retries=False,
                redirect=False,
            )
        except LocationValueError as error:
            raise MisconfigurationError(
                f"{self._base_url} is not a usable address: {error}", "correct the address"
            ) from error
        except SSLError as error:
            raise MisconfigurationError(
                f"the certificate of {self._base_url} is not trusted: {_root_cause(error)}",
                "set REQUESTS_CA_BUNDLE or MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate of its issuer",
            ) from error
        except (HTTPError, OSError) as error:
            raise RetryableError(
                f"{self._base_url} does not answer: {_root_cause(error)}", "check that it is running and reachable"
            ) from error
        return Response(response.status, response.headers, response.data)


def error_for(response: Response, backend: str) -> DeliveryError:
    """Sort a response other than success by what can be done about it."""
    message = f"{backend} answered {response.status}" + (f": {response.text}" if response.text else "")
    return error_for_status(response.status, message, response.retry_after)


def error_for_status(status: int, message: str, retry_after: float | None = None) -> DeliveryError:
    """Sort an HTTP status other than success; `message` is what people are shown."""
    if status == 429:
        return RetryableError(message, "nothing: they are sent more slowly", retry_after=retry_after, throttled=True)
    if status == 408 or (status >= 500 and status != 501):
        fix = "nothing while it recovers: they are sent again; should it go on, its own log says why"
        return RetryableError(message, fix, retry_after=retry_after)
    if status == 401:
        return MisconfigurationError(message, "check the credentials; corrected ones are picked up without a restart")
    if status == 403:
        return MisconfigurationError(message, "grant these credentials the right to write there, or use others")
    if status in (404, 405, 501) or 300 <= status < 400:
        return MisconfigurationError(message, "check that this is an MLflow server, 3.6 or newer, on a SQL database")
    return RejectedError(message)


def retry_after(header: str | None, date: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date (RFC 9110, 10.2.3), which is by the clock that wrote `date`."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    until = _seconds(header)
    since = _seconds(date or "") or time.time()
    return max(0.0, until - since) if until is not None else None


def _seconds(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None


def _root_cause(error: BaseException) -> str:
    """The innermost reason: the outer ones repeat it wrapped in library names."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__


class _PromptConnection(HTTPConnection):
    def getresponse(self) -> Any:
        if _QUICK_ACK is not None and self.sock is not None:
            self.sock.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        return super().getresponse()


class _PromptPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PromptConnection


def _pools(base_url: str, connections: int, verify: bool | str, certificate: str | None) -> urllib3.PoolManager:
    """urllib3's connections, with the proxy and the certificates that requests would use.

    Not requests itself: it takes three times the processor time for each of the many small requests that are sent
    while the application has better things to do.
    """
    environment = requests.Session().merge_environment_settings(base_url, {}, False, verify, certificate)
    options: dict[str, Any] = {"num_pools": 1, "maxsize": connections, "cert_file": environment["cert"]}
    if isinstance(environment["verify"], str):
        bundle = Path(environment["verify"])
        options["ca_cert_dir" if bundle.is_dir() else "ca_certs"] = str(bundle)
    elif environment["verify"]:
        options["ca_certs"] = where()
    options["cert_reqs"] = "CERT_REQUIRED" if environment["verify"] else "CERT_NONE"
    proxy = select_proxy(base_url, environment["proxies"])
    if proxy is not None:
        return urllib3.ProxyManager(proxy, **options)
    pools = urllib3.PoolManager(**options)
    pools.pool_classes_by_scheme = {**pools.pool_classes_by_scheme, "http": _PromptPool}
    return pools


def redacted_uri(uri: str) -> str:
    """The address without the user and password that may be in it."""
    netloc = urlsplit(uri).netloc
    return uri.replace(netloc, netloc.rpartition("@")[2], 1).rstrip("/") if "@" in netloc else uri.rstrip("/")
