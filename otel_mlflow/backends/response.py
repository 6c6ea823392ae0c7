"""What came back from a backend, and which error it is where it is not what was asked for."""

from __future__ import annotations

import email.utils
import functools
import html
import json
import math
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from otel_mlflow.backends.rpc_status import RpcStatus, read_rpc_status
from otel_mlflow.errors import (
    CredentialsRejectedError,
    DeliveryError,
    MisconfigurationError,
    RejectedError,
    RetryableError,
)

PROTOBUF = ("application/x-protobuf", "application/protobuf")

MOST_SHOWN = 500
"""Characters of a response that people are shown."""

MOST_OF_TITLE = 80

_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)
_ABOUT_LOGIN = re.compile(r"log[\s-]?[io]n|sign[\s-]?[io]n|\bsso\b|saml|openid|password", re.IGNORECASE)
_HTML = re.compile(r"\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)


class Response:
    """What came back; `address` is the backend's, as it may be shown to people."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, address: str = "") -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.address = address

    @property
    def media_type(self) -> str:
        """The content type without its parameters, empty when there is none."""
        return (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()

    @functools.cached_property
    def json_object(self) -> dict[str, Any] | None:
        """The JSON object in the body; None when it is anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None

    def json(self) -> dict[str, Any]:
        """The body's JSON object; an empty one for anything else."""
        return self.json_object or {}

    @property
    def error_code(self) -> str:
        """MLflow's name for what went wrong, empty if it gave none."""
        return str(self.json().get("error_code") or "")

    @property
    def text(self) -> str:
        """The error message of the backend, short enough to be shown."""
        message = self.json().get("message") or self.json().get("detail") or self._rpc_status.message
        # MLflow and its authentication call plain sentences HTML, too.
        is_page = self.is_html and "<" in self._text
        return str(message or (f"{self.page}{self.title}" if is_page else self._text)).strip()[:MOST_SHOWN]

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people."""
        return self.media_type == "text/html" or _HTML.match(self._text) is not None

    @property
    def page(self) -> str:
        """Which page for people it is."""
        return "a login page" if _ABOUT_LOGIN.search(self._text) else "an HTML page"

    @property
    def title(self) -> str:
        """What a page for people is called, as a clause; empty where it has no title."""
        title = _TITLE.search(self._text) if self.is_html else None
        return f", titled '{html.unescape(title[1])[:MOST_OF_TITLE]}'" if title else ""

    @property
    def retry_after(self) -> float | None:
        """Seconds that the backend asks to be left alone; None when it does not."""
        asked = retry_after(self.headers.get("Retry-After"), self.headers.get("Date"))
        return self._rpc_status.retry_delay if asked is None else asked

    @functools.cached_property
    def _rpc_status(self) -> RpcStatus:
        """What OTLP says of a failure in protobuf."""
        is_protobuf = self.status >= 400 and self.media_type in PROTOBUF
        return read_rpc_status(self.body) if is_protobuf else RpcStatus()

    @property
    def _text(self) -> str:
        return self.body[: 8 * MOST_SHOWN].decode("utf-8", "replace")


def error_for(response: Response, backend: str) -> DeliveryError:
    """Sort a response that reports a failure by what can be done about it."""
    if 300 <= response.status < 400:
        return _redirected(response, backend)
    status = response.status if response.status >= 300 else _status_of(response.error_code)
    message = f"{backend} answered {response.status}" + (f": {response.text}" if response.text else "")
    return error_for_status(status, message, response.retry_after)


_WRITTEN_AT_ONCE = re.compile(r"UNIQUE constraint failed|duplicate key value|Duplicate entry")
"""What MLflow answers, as a bad request, where two services write of one trace at once: SQLite, PostgreSQL, MySQL."""


DATABASE_FAILED = re.compile(
    "Failed to log OpenTelemetry spans|Can't reconnect until invalid transaction|server closed the connection"
    "|connection .{0,80}(closed|reset|lost)|lost connection|terminating connection|gone away|deadlock",
    re.IGNORECASE,
)
"""What MLflow answers, as a bad request or one that it cannot process, where its database ended in the middle of it.

`mlflow.server.otel_api` has one response for every error that it does not know; `mlflow.store.db.utils` calls all but
SQLAlchemy's `OperationalError` a bad request. A record that always fails so is found out by itself, alone. For gateways
`config/collector/mlflow-proxy.cfg` says the same.
"""


CONTENT_REFUSED = frozenset({400, 409, 413, 422})
"""What is answered to a trace for what it contains. All else that is no success speaks of the way to the backend, or of
who asks: the traces wait."""

ASK_AGAIN = frozenset({408, 423, 425, 449, 499})
"""Timed out, locked, too early, and two that gateways answer in their own words: nobody has looked at the request."""


def error_for_status(status: int, message: str, retry_after: float | None = None) -> DeliveryError:
    """Sort an HTTP status other than success; `message` is what people are shown."""
    if status == 429:
        return RetryableError(message, "nothing: they are sent more slowly", retry_after=retry_after, throttled=True)
    if status in ASK_AGAIN or (status >= 500 and status != 501):
        fix = "nothing while it recovers: they are sent again; should it go on, its own log says why"
        return RetryableError(message, fix, retry_after=retry_after)
    if status == 400 and _WRITTEN_AT_ONCE.search(message):
        fix = "nothing: it is sent again; another process wrote of the same trace at that moment"
        return RetryableError(message, fix, retry_after=retry_after)
    if status in (400, 422) and DATABASE_FAILED.search(message):
        fix = "nothing while MLflow's database recovers: they are sent again; should it go on, MLflow's log says why"
        return RetryableError(message, fix, retry_after=retry_after)
    if status == 401:
        return CredentialsRejectedError(
            message, "check the credentials; corrected ones are picked up without a restart"
        )
    if status == 403:
        return MisconfigurationError(message, "grant these credentials the right to write there, or use others")
    if status == 407:
        return MisconfigurationError(message, "put the proxy's user and password into HTTP_PROXY or HTTPS_PROXY")
    if status in (404, 405, 501) or 300 <= status < 400:
        return MisconfigurationError(message, "check that this is an MLflow server, 3.6 or newer, on a SQL database")
    if status in CONTENT_REFUSED:
        return RejectedError(message)
    return MisconfigurationError(message, "check the address, and what stands in front of it")


def retry_after(header: str | None, date: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date (RFC 9110, 10.2.3), which is by the clock that wrote `date`."""
    if not header:
        return None
    try:
        seconds = float(header)
        return None if math.isnan(seconds) else max(0.0, seconds)
    except ValueError:
        pass
    until = _seconds(header)
    since = _seconds(date or "") or time.time()
    return max(0.0, until - since) if until is not None else None


def _seconds(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _redirected(response: Response, backend: str) -> MisconfigurationError:
    """The target's query is left out: single sign-on puts secrets into it."""
    target = urlsplit(response.headers.get("Location") or "")
    where = f"{target.scheme}://{target.netloc.rpartition('@')[2]}" if target.netloc else "another path"
    return MisconfigurationError(
        f"{backend} answered {response.status}, which redirects to {where}: something in front of it wants to be "
        "logged in to, or its address is another one",
        "set the address to where the backend itself answers, with credentials that are accepted there",
    )


def _status_of(error_code: str) -> int:
    """The HTTP status that MLflow's error code goes with; that of a failure where it is unknown."""
    from mlflow.exceptions import ERROR_CODE_TO_HTTP_STATUS

    return int(ERROR_CODE_TO_HTTP_STATUS.get(error_code, 500))
