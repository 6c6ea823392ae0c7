"""Applications are instrumented when a server first calls them, so that it is the outermost one that is.

Nothing is imported for that until a framework is: most processes below `otel-mlflow run` serve nothing. An application
that is mounted in another, or that calls `instrument()` itself, stays as it is.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from otel_mlflow.guard import guarded
from otel_mlflow.settings.environment import text_of

APPLICATIONS = {"starlette.applications": "Starlette", "litestar.app": "Litestar", "quart.app": "Quart"}
"""Module → the class whose objects are applications; FastAPI's are Starlette's."""

OPS = "OTELMLFLOW_RUN_OPS"
"""Environment variable: the path below which the dashboard is served. Ours alone, and no setting."""

_OUTERMOST = "otel_mlflow.outermost"

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


def install() -> None:
    """Have the applications of each framework instrumented, whenever it is imported."""
    sys.meta_path.insert(0, _Finder())
    for name in APPLICATIONS.keys() & sys.modules.keys():
        instrument_class(sys.modules[name])


class _Finder(MetaPathFinder):
    """Finds a framework's module as the others do, and changes its class once the module was executed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in APPLICATIONS:
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            _after_execution(spec.loader, instrument_class)
        return spec


def _after_execution(loader: Any, change: Callable[[ModuleType], None]) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        change(module)

    loader.exec_module = exec_module


def instrument_class(module: ModuleType) -> None:
    """Have the objects of a framework's class instrumented when a server calls them."""
    kind: Any = getattr(module, APPLICATIONS[module.__name__])
    call = kind.__call__

    @functools.wraps(call)
    async def instrumented_call(self: Any, scope: Scope, receive: Any, send: Any) -> None:
        dashboard = None
        if _OUTERMOST not in scope:
            scope[_OUTERMOST] = True
            dashboard = _dashboard_for(self, scope) if _instrumented(self) else None
        if dashboard is not None:
            await dashboard(scope, receive, send)
        else:
            await call(self, scope, receive, send)

    kind.__call__ = instrumented_call


@guarded
def _instrumented(app: Any) -> bool:
    from otel_mlflow.asgi.instrument import instrument

    instrument(app)
    return True


@guarded
def _dashboard_for(app: Any, scope: Scope) -> Application | None:
    """The dashboard, where it was asked for and the request is one to it."""
    path = text_of(OPS)
    if not path or scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{path}/"):
        return None
    return _mounted(_dashboards, app, path)


_dashboards: dict[int, Application] = {}


def _mounted(dashboards: dict[int, Application], app: Any, path: str) -> Application:
    from starlette.routing import Mount

    from otel_mlflow import ops
    from otel_mlflow.asgi.instrument import instrument

    if id(app) not in dashboards:
        dashboards[id(app)] = Mount(path, app=ops.app(instrument(app)))
    return dashboards[id(app)]
