"""Requests that are not traced."""

from __future__ import annotations

import re
from collections.abc import Sequence

from otel_mlflow.exchange import Scope


class ExcludedUrls:
    """Regular expressions, searched for in the path alone and, as OpenTelemetry does it, in the whole URL."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._pattern = re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None

    def match(self, scope: Scope) -> bool:
        """Whether one of them is found in the request's URL."""
        if self._pattern is None:
            return False
        return self._pattern.search(scope["path"]) is not None or self._pattern.search(_url(scope)) is not None


def _url(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}{scope['path']}{'?' if query else ''}{query}"
