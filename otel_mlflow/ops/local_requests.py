"""Which requests come from this machine.

Three things are looked at, because each alone can be had from outside: the address of the connection (a proxy on this
machine connects from loopback, too), the addresses that proxies name, and the host that was asked for (a page in a
browser on this machine may have a name of its own that resolves to loopback: DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

PROXY_HEADERS = ("x-forwarded-for", "x-real-ip", "forwarded", "x-forwarded-host", "via", "cf-connecting-ip")
"""What proxies add. A request that has one was passed on, and only the addresses in it say for whom."""


def is_local(request: HTTPConnection) -> bool:
    """Whether a request was made on this machine, for this machine."""
    client = request.client.host if request.client else ""
    return _is_loopback_or_no_address(client) and not _is_from_elsewhere(request) and _is_local_name(request)


def _is_loopback_or_no_address(host: str) -> bool:
    """What is no address is a Unix socket or a client in this process."""
    address = _address(host)
    return address is None or address.is_loopback


def _is_from_elsewhere(request: HTTPConnection) -> bool:
    named = [part for name in PROXY_HEADERS for value in request.headers.getlist(name) for part in value.split(",")]
    return not all(_names_loopback(part) for part in named)


def _names_loopback(text: str) -> bool:
    """`127.0.0.1`, `for="[::1]:4711"`, `localhost:8000`."""
    named = re.sub(r"^\s*for=|;.*$", "", text, flags=re.IGNORECASE).strip().strip('"')
    host = named if named.count(":") > 1 and "[" not in named else _host_of(named)
    address = _address(host)
    return address.is_loopback if address is not None else host == "localhost"


def _is_local_name(request: HTTPConnection) -> bool:
    """A name without a dot belongs to nobody on the internet."""
    host = _host_of(request.headers.get("host", ""))
    address = _address(host)
    return address.is_loopback if address is not None else "." not in host or host.endswith(".localhost")


def _host_of(netloc: str) -> str:
    """Without port and brackets; what cannot be read is a name that nobody has."""
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return "unreadable.invalid"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
