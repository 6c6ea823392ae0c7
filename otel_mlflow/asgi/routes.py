"""The full template of the route that served a request, from what routing left in the scope.

What routers leave there, and what is made of it:

1. Nothing (a 404, a preflight request, a redirect): there is no route, and nothing is read.
2. `path_template`: Litestar's, and ours for Quart.
3. `route`: its own template, or that of `effective_route_context`, where FastAPI keeps an included router whole.
4. `endpoint` alone: all that Starlette before 1.0 leaves, and FastAPI for routes that are not its own. The routes are
   read for it, once.
5. A `root_path` longer than before: the templates of the mounts that were gone through come first. They are found by
   the path that they took, among the mounts of each router; where a router cannot be seen into, the values of path
   parameters give way to their names.
6. `frontend_path`, FastAPI's, and no endpoint: the file that `app.frontend` serves, below the frontend's own path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute, Host, Mount

from otel_mlflow.asgi.endpoints import EndpointTemplates, innermost_with_routes
from otel_mlflow.http.exchange import Scope

BELOW_A_MOUNT = "/{path}"
"""Where a mounted application has no routes that could be named."""


class RouteTemplates:
    """Finds `http.route` for the requests of one application."""

    def __init__(self) -> None:
        self._endpoints: dict[int, EndpointTemplates] = {}
        self._mounts: dict[int, tuple[int, list[Mount | Host]]] = {}

    def find(self, scope: Scope, path: str, endpoint_before: object = None) -> str | None:
        """The template that matched, None where nothing did.

        `path` as the request came in; `endpoint_before` is what a router outside of the middleware has chosen.
        """
        endpoint, left = scope.get("endpoint"), scope.get("fastapi")
        of_fastapi = left if isinstance(left, dict) else {}
        own = scope.get("path_template")
        if not own and (file := of_fastapi.get("frontend_path")) is not None:
            own = _frontend_template(scope, path, file)
        if not own and (endpoint is None or endpoint is endpoint_before):
            return None
        mounts, mounted = self._mounted(scope, path)
        if own:
            return mounts + str(own)
        route = _chosen_route(scope.get("route"), endpoint, of_fastapi.get("effective_route_context"))
        if endpoint is mounted or isinstance(route, Mount):
            return mounts + BELOW_A_MOUNT
        if isinstance(route, Host):
            return None
        if route is not None:
            return mounts + _template(route)
        # Of what is mounted without a router of its own, the mount is known.
        return self._of_endpoint(scope, path, endpoint) or (mounts + BELOW_A_MOUNT if mounts else None)

    def _of_endpoint(self, scope: Scope, path: str, endpoint: object) -> str | None:
        router = _outermost_router(scope)
        known = self._endpoints.get(id(router))
        if known is None:
            known = self._endpoints[id(router)] = EndpointTemplates(router)
        return known.find(endpoint, _below(path, scope.get("app_root_path", scope.get("root_path", ""))))

    def _mounted(self, scope: Scope, path: str) -> tuple[str, object]:
        """The templates of the mounts that the request went through, and the application in the last of them."""
        before = scope.get("app_root_path")
        taken = scope.get("root_path", "").removeprefix(before) if before is not None else ""
        if not taken:
            return "", None
        template, router, app, path = "", _outermost_router(scope), None, _below(path, before or "")
        while taken and (step := self._step(router, path, taken)) is not None:
            mount, length = step
            app, router = mount.app, innermost_with_routes(mount.app)
            if isinstance(mount, Mount):
                template += mount.path_format.removesuffix(BELOW_A_MOUNT)
            taken, path = taken[length:], path[length:]
        return template + _without_values(taken, scope.get("path_params", {})), app

    def _step(self, router: object, path: str, taken: str) -> tuple[Mount | Host, int] | None:
        """The mount of a router that the request went through, and how much of the path it took."""
        for mount in self._mounts_of(router):
            if isinstance(mount, Host):
                if self._step(innermost_with_routes(mount.app), path, taken) is not None:
                    return mount, 0
            elif (match := mount.path_regex.match(path)) is not None:
                length = len(path) - len(match["path"]) - 1
                if length and taken.startswith(path[:length]):
                    return mount, length
        return None

    def _mounts_of(self, router: object) -> list[Mount | Host]:
        routes = getattr(router, "routes", None) or []
        count, mounts = self._mounts.get(id(router), (-1, []))
        if count != len(routes):
            mounts = [route for route in routes if isinstance(route, (Mount, Host))]
            self._mounts[id(router)] = len(routes), mounts
        return mounts


def _outermost_router(scope: Scope) -> object:
    return scope.get("router") or innermost_with_routes(scope.get("app"))


def _chosen_route(route: Any, endpoint: object, context: Any) -> Any:
    """The route of the endpoint: what is left in the scope may be that of a mount further out.

    `context` is FastAPI's `effective_route_context`.
    """
    if context is not None and context.original_route is route:
        route = context
    for candidate in (route, getattr(context, "starlette_route", None)):
        if candidate is not None and getattr(candidate, "endpoint", getattr(candidate, "app", None)) is endpoint:
            return candidate
    return None


def _frontend_template(scope: Scope, path: str, file: str) -> str:
    return _below(path, scope.get("root_path", "")).removesuffix(file).rstrip("/") + BELOW_A_MOUNT


def _template(route: BaseRoute) -> str:
    return str(getattr(route, "path_format", None) or getattr(route, "path", ""))


def _below(path: str, root_path: str) -> str:
    return path[len(root_path) :] if root_path and path.startswith(root_path) else path


def _without_values(path: str, parameters: Mapping[str, Any]) -> str:
    """A path with the names of its parameters; of two segments that may be one it is the last: constants come first."""
    segments = path.split("/")
    for name, value in parameters.items():
        places = [number for number, segment in enumerate(segments) if segment and segment == str(value)]
        if places:
            segments[places[-1]] = f"{{{name}}}"
    return "/".join(segments)
