"""Requests that are not traced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from otel_mlflow.http.exchange import Scope
from otel_mlflow.http.headers import Headers
from otel_mlflow.settings.defaults import EXCLUDED_URLS

_REMEMBERED = 4096
_LONGEST_REMEMBERED = 256
"""Characters: paths are the callers' choice, and memory is ours."""


class ExcludedUrls:
    """Regular expressions, searched for in the path alone and, as OpenTelemetry does it, in the whole URL."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._in_path = _Search(patterns)
        # Ours look at the path only, so that the usual request is spared a look at its whole URL.
        self._in_url = _Search([pattern for pattern in patterns if pattern not in EXCLUDED_URLS])

    def match(self, scope: Scope, headers: Headers) -> bool:
        """Whether one of them is found in the request's URL."""
        if self._in_path.finds(scope["path"]):
            return True
        return self._in_url.has_patterns and self._in_url.finds(_url(scope, headers))


class _Search:
    """One of some patterns in a text; what was found in short ones is remembered."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.has_patterns = bool(patterns)
        pattern = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
        self._finds = lambda text: pattern.search(text) is not None
        self._remembered = lru_cache(_REMEMBERED)(self._finds)

    def finds(self, text: str) -> bool:
        """Whether there is one in the text."""
        return self.has_patterns and (self._remembered if len(text) <= _LONGEST_REMEMBERED else self._finds)(text)


def _url(scope: Scope, headers: Headers) -> str:
    host = headers.get(b"host", b"").decode("latin-1")
    query = (scope.get("query_string") or b"").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}{scope['path']}{'?' if query else ''}{query}"
