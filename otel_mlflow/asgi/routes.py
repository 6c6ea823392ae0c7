"""The full template of the route that served a request, through mounts and included routers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from starlette.routing import BaseRoute, Host, Mount, compile_path

from otel_mlflow.http.exchange import Scope


class Template(NamedTuple):
    """`text` is the template as people write it; `pattern` is the same with its converters."""

    text: str
    pattern: str

    def matches(self, path: str) -> bool:
        """Whether a path is one of the template's."""
        return compile_path(self.pattern)[0].match(path) is not None


class RouteTemplates:
    """Finds `http.route` from what routing left in the scope.

    Templates are looked up by the route object or endpoint that routing chose. Where one serves several templates (an
    application mounted twice, say), the request's path decides.
    """

    def __init__(self, app: object) -> None:
        self._app = _innermost_with_routes(app)
        self._templates: dict[int, list[Template]] = {}

    def find(self, scope: Scope, path: str, root_path: str, mounted_at: str) -> str | None:
        """The template that matched, None where nothing did.

        `path` and `root_path` as the request came in; `mounted_at` is the path below which the application itself is
        mounted in another one, which is no business of its own routes.
        """
        if template := scope.get("path_template"):
            return mounted_at + str(template)
        candidates = self._known(scope)
        if len(candidates) > 1:
            inside = _below(path, root_path)
            candidates = [template for template in candidates if template.matches(inside)] or candidates
        return mounted_at + candidates[0].text if candidates else None

    def _known(self, scope: Scope) -> list[Template]:
        """The templates of the route that was chosen, or else of the endpoint: some routes are made anew when used."""
        chosen = [id(scope[key]) for key in ("route", "endpoint") if scope.get(key) is not None]
        if not any(key in self._templates for key in chosen):
            self._read_routes(scope)
            self._templates.update({key: [] for key in chosen if key not in self._templates})
        return next((found for key in chosen if (found := self._templates.get(key))), [])

    def _read_routes(self, scope: Scope) -> None:
        routes = getattr(self._app if self._app is not None else scope.get("app"), "routes", None) or []
        self._templates = {}
        for template, keys in _templates(routes, Template("", "")):
            for key in keys:
                known = self._templates.setdefault(id(key), [])
                if template not in known:
                    known.append(template)


def _innermost_with_routes(app: object) -> object | None:
    """The application with routes that middleware is wrapped round."""
    seen: set[int] = set()
    while app is not None and id(app) not in seen:
        seen.add(id(app))
        if hasattr(app, "routes"):
            return app
        app = getattr(app, "app", None)
    return None


def _below(path: str, root_path: str) -> str:
    return path[len(root_path) :] if root_path and path.startswith(root_path) else path


def _templates(routes: Iterable[BaseRoute], prefix: Template) -> Iterator[tuple[Template, tuple[object, ...]]]:
    """Each template below `routes`, with the objects by which routing names it in the scope."""
    for route, own in _flattened(routes):
        full = Template(prefix.text + own.text, prefix.pattern + own.pattern)
        if isinstance(route, Mount):
            yield Template(f"{full.text}/{{path}}", f"{full.pattern}/{{path:path}}"), (route, route.app)
            yield from _templates(route.routes, full)
        elif isinstance(route, Host):
            yield from _templates(route.routes, prefix)
        else:
            yield full, (route, getattr(route, "endpoint", None))


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
        return Template(_without_converters(pattern), pattern)
    return Template(getattr(described, "path_format", None) or pattern, pattern)


def _without_converters(pattern: str) -> str:
    return compile_path(pattern)[1]
