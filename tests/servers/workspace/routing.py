"""Paths with parameters, and who answers them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Protocol

from tests.servers.workspace.asked import Asked, FailedError, Reply

Handler = Callable[..., Reply | dict[str, Any]]
"""Called with what is `Asked` and the path's parameters by name; a dictionary is sent as JSON with status 200."""


class Module(Protocol):
    """A part of the workspace: some routes and the state behind them."""

    def mount(self, routes: Routes) -> None:
        """Say which paths it answers."""


class Routes:
    """Of the templates that match a path, the one with the fewest parameters answers."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Answer `template`, such as `/api/2.0/things/{id}`; `{rest:path}` takes slashes too."""
        pattern = re.sub(r"\\{(\w+)(:path)?\\}", _group, re.escape(template))
        self._routes.append((method, re.compile(f"{pattern}$"), handler))
        self._routes.sort(key=lambda route: route[1].groups)

    def answer(self, asked: Asked) -> Reply:
        """The answer of the module whose path it is."""
        for method, pattern, handler in self._routes:
            if method == asked.method and (found := pattern.match(asked.path)):
                reply = handler(asked, **found.groupdict())
                return reply if isinstance(reply, Reply) else Reply(reply)
        raise FailedError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{asked.method} {asked.path}'")


def _group(parameter: re.Match[str]) -> str:
    return f"(?P<{parameter[1]}>{'.+' if parameter[2] else '[^/]+'})"
