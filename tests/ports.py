"""Ports for servers that a test starts in another process."""

from __future__ import annotations

import random
import socket
import sys

_PORTS = range(10_000, 32_000)
"""Below those that Linux gives to clients: none takes a port between its choice and the start of its server."""

_CHOICE = random.SystemRandom()

_reserved: list[socket.socket] = []
"""Names that only one process can have at a time. The kernel gives them up with the process."""


def find_free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on and that, on Linux, no other test is given."""
    while True:
        port = _CHOICE.choice(_PORTS)
        if _reserve(port) and _is_free(port):
            return port


def _reserve(port: int) -> bool:
    if sys.platform != "linux":
        return True
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0otel-mlflow-test-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
