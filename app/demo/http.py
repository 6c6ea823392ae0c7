"""The little HTTP that the demo speaks, to 127.0.0.1 and past any proxy."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from typing import Any

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class HttpError(Exception):
    """An answer that is not 2xx, or none."""


def get(url: str, *, timeout: float = 5.0) -> Any:
    """GET JSON, or text that is not JSON as it is. Raises `HttpError`."""
    return _send(urllib.request.Request(url), timeout)  # noqa: S310 - our own address


def post(url: str, body: object, *, timeout: float = 60.0) -> Any:
    """POST JSON and read the JSON answer. Raises `HttpError`."""
    headers = {"Content-Type": "application/json"}
    return _send(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout)  # noqa: S310 - ours too


def choose_port(preferred: int) -> int:
    """The preferred port of 127.0.0.1 if it is free, or else any that is."""
    return _bindable(preferred) or _bindable(0)


def _bindable(port: int) -> int:
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
        bound: int = probe.getsockname()[1]
        return bound


def _send(request: urllib.request.Request, timeout: float) -> Any:
    try:
        with _direct.open(request, timeout=timeout) as response:
            text = response.read().decode()
    except urllib.error.HTTPError as error:
        raise HttpError(f"{request.full_url} answered {error.code}: {error.read().decode(errors='replace')}") from error
    except OSError as error:
        raise HttpError(f"{request.full_url} did not answer: {error}") from error
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
