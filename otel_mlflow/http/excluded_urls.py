"""Requests that are not traced."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from otel_mlflow.http.exchange import Scope
from otel_mlflow.settings.defaults import EXCLUDED_URLS

_REMEMBERED_PATHS = 4096


class ExcludedUrls:
    """Regular expressions, searched for in the path alone and, as OpenTelemetry does it, in the whole URL."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._in_path = lru_cache(_REMEMBERED_PATHS)(_search(patterns))
        # Ours look at the path only, so that the usual request is spared a look at its whole URL.
        self._in_url = _search([pattern for pattern in patterns if pattern not in EXCLUDED_URLS])
        self._looks_at_url = any(pattern not in EXCLUDED_URLS for pattern in patterns)

    def match(self, scope: Scope) -> bool:
        """Whether one of them is found in the request's URL."""
        return self._in_path(scope["path"]) or (self._looks_at_url and self._in_url(_url(scope)))


def _search(patterns: Sequence[str]) -> Callable[[str], bool]:
    if not patterns:
        return lambda _: False
    pattern = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    return lambda text: pattern.search(text) is not None


def _url(scope: Scope) -> str:
    host = next((value for name, value in scope.get("headers") or () if name == b"host"), b"").decode("latin-1")
    query = (scope.get("query_string") or b"").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}{scope['path']}{'?' if query else ''}{query}"
