"""The routes that an application has, before anybody has asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

UNCOUNTED = frozenset({"HEAD", "OPTIONS"})
MAX_ROUTES = 500


def known_routes(router: Any) -> Iterator[tuple[str, str]]:
    """Methods and templates of a Starlette router's routes, mounted ones included; nothing for any other object."""
    found = _routes(getattr(router, "routes", None) or (), "")
    for _, route in zip(range(MAX_ROUTES), found, strict=False):
        yield route


def _routes(routes: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    for route in routes:
        path, methods = getattr(route, "path", None), getattr(route, "methods", None)
        if path is None:
            continue
        if methods:
            yield from ((method, prefix + _template(route, path)) for method in sorted(set(methods) - UNCOUNTED))
        else:
            yield from _routes(getattr(route, "routes", None) or (), prefix + path)


def _template(route: Any, path: str) -> str:
    """Without the converters of parameters: `{item}` for `{item:int}`."""
    return str(getattr(route, "path_format", path))
