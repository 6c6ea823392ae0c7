"""Which requests come from this machine.

Four things are looked at, because each alone can be had from outside: the address of the connection (a proxy on this
machine connects from loopback, too), the addresses that proxies name, the host that was asked for (a page in a browser
on this machine may have a name of its own that resolves to loopback: DNS rebinding), and the page that asks (an
application whose CORS lets any origin read its answers would show ours to every page that its developer has open).
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

PROXY_HEADERS = (
    *("x-forwarded-for", "x-real-ip", "forwarded", "x-forwarded-host", "via", "cf-connecting-ip"),
    *("true-client-ip", "x-client-ip", "x-envoy-external-address", "fastly-client-ip", "fly-client-ip"),
)
"""What proxies add. A request that has one was passed on, and only the addresses in it say for whom."""

FORWARDED = "x-forwarded-"
"""How the names of others begin, which say that a request was passed on and not for whom."""

PROXY_VERSION = "1.0"
"""The version of HTTP in which nginx passes requests on by default, for `127.0.0.1` and with no header to say so."""


def is_local(request: HTTPConnection) -> bool:
    """Whether a request was made on this machine, for this machine."""
    client = request.client.host if request.client else ""
    return _is_loopback_or_no_address(client) and not _is_from_elsewhere(request) and _is_for_here(request)


def _is_loopback_or_no_address(host: str) -> bool:
    """What is no address is a Unix socket or a client in this process."""
    address = _address(host)
    return address is None or address.is_loopback


def _is_from_elsewhere(request: HTTPConnection) -> bool:
    named = [part for name in PROXY_HEADERS for value in request.headers.getlist(name) for part in value.split(",")]
    is_old = request.scope.get("http_version") == PROXY_VERSION
    is_passed_on = is_old or any(name.startswith(FORWARDED) for name in request.headers)
    return (is_passed_on and not named) or not all(map(_names_loopback, named))


def _names_loopback(text: str) -> bool:
    """`127.0.0.1`, `for="[::1]:4711"`, `localhost:8000`."""
    named = re.sub(r"^\s*for=|;.*$", "", text, flags=re.IGNORECASE).strip().strip('"')
    host = named if named.count(":") > 1 and "[" not in named else _host_of(named)
    address = _address(host)
    return address.is_loopback if address is not None else host == "localhost"


def _is_for_here(request: HTTPConnection) -> bool:
    origins = [origin.rpartition("//")[2] for origin in request.headers.getlist("origin")]
    return all(map(_is_local_name, [request.headers.get("host", ""), *origins])) and "null" not in origins


def _is_local_name(netloc: str) -> bool:
    """A name without a dot belongs to nobody on the internet."""
    host = _host_of(netloc)
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
