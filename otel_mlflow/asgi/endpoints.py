"""The templates of a router's endpoints, for routers that do not leave the chosen route in the scope."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from starlette.routing import BaseRoute, Host, Mount, compile_path


class Template(NamedTuple):
    """`text` is the template as people write it; `pattern` is the same with its converters."""

    text: str
    pattern: str

    def matches(self, path: str) -> bool:
        """Whether a path is one of the template's."""
        return compile_path(self.pattern)[0].match(path) is not None


class EndpointTemplates:
    """The templates below one router by endpoint, read when an endpoint is asked for, and again when routes came."""

    def __init__(self, router: object) -> None:
        self._router = router
        self._count = -1
        self._templates: dict[int, list[Template]] = {}

    def find(self, endpoint: object, path: str) -> str | None:
        """The template of an endpoint; where it serves several, the path decides."""
        candidates = self._known(endpoint)
        if len(candidates) > 1:
            candidates = [template for template in candidates if template.matches(path)] or candidates
        return candidates[0].text if candidates else None

    def _known(self, endpoint: object) -> list[Template]:
        routes = getattr(self._router, "routes", None) or []
        if id(endpoint) not in self._templates and self._count != len(routes):
            self._count = len(routes)
            self._templates = {}
            for template, key in _templates(routes, Template("", "")):
                known = self._templates.setdefault(id(key), [])
                if template not in known:
                    known.append(template)
        return self._templates.get(id(endpoint), [])


def innermost_with_routes(app: object) -> object | None:
    """The application with routes that middleware is wrapped round."""
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        seen.add(id(app))
        if hasattr(app, "routes"):
            return app
        app = getattr(app, "app", None)
    return None


def _templates(routes: Iterable[BaseRoute], prefix: Template) -> Iterator[tuple[Template, object]]:
    """Each template below `routes`, with the endpoint by which routing names it in the scope."""
    for route, own in _flattened(routes):
        full = Template(prefix.text + own.text, prefix.pattern + own.pattern)
        if isinstance(route, Mount):
            yield Template(f"{full.text}/{{path}}", f"{full.pattern}/{{path:path}}"), route.app
            yield from _templates(route.routes, full)
        elif isinstance(route, Host):
            yield from _templates(route.routes, prefix)
        else:
            yield full, getattr(route, "endpoint", None)


def _flattened(routes: Iterable[BaseRoute]) -> Iterator[tuple[BaseRoute, Template]]:
    """Each route with its own template; routers that FastAPI keeps whole when they are included are taken apart."""
    try:
        from fastapi.routing import iter_route_contexts  # from 0.137.2
    except ImportError:
        yield from ((route, _template(route, route)) for route in routes)
        return
    for context in iter_route_contexts(list(routes)):
        yield context.original_route, _template(context.original_route, context)


def _template(route: BaseRoute, described: Any) -> Template:
    pattern = getattr(described, "path", None) or ""
    if isinstance(route, Mount):
        return Template(compile_path(pattern)[1], pattern)
    return Template(getattr(described, "path_format", None) or pattern, pattern)
