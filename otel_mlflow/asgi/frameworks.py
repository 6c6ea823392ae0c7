"""How each framework's application takes the middleware, and gives it back.

| framework | where the middleware goes | what else is needed |
| --- | --- | --- |
| Starlette, FastAPI | round the middleware stack, also while it serves | the scope that the router gets |
| Litestar | `asgi_handler` | start-up and shutdown, as its lifespan passes no middleware; exceptions that it answers |
| Quart | `asgi_app` | its rule in the scope, before each request; the exceptions that it answers |

Private names that this leans on: none.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from starlette.applications import Starlette

from otel_mlflow.asgi.fastapi_telemetry import FastAPITelemetry
from otel_mlflow.asgi.lifespan import drain
from otel_mlflow.asgi.middleware import Outermost, RoutedScope, TracingMiddleware, note_exception, note_routing
from otel_mlflow.errors import NotInstrumentableError

if TYPE_CHECKING:
    from otel_mlflow.tracing import Tracing

_STATE = "_otel_mlflow"

_WRAPPING = ("app", "_app", "application", "asgi_app", "other_asgi_app", "__wrapped__", "func", "__self__")
"""Where middleware, bound methods and partial functions keep what they are wrapped round."""

_QUART_PARAMETER = re.compile(r"<(?:[^<>]*:)?([^<>:]+)>")


class Instrumented(Protocol):
    """What `instrument()` changed on one application."""

    tracing: Tracing

    def undo(self) -> None:
        """Leave the application as it was before."""


def find_application(app: object) -> Any:
    """The application of a framework that we know, also below other ASGI middleware.

    Raises `NotInstrumentableError` where there is none.
    """
    for candidate in _wrapped(app):
        if (
            isinstance(candidate, Starlette)
            or _is(candidate, "litestar", "Litestar")
            or _is(candidate, "quart", "Quart")
        ):
            return candidate
    raise NotInstrumentableError(
        f"instrument() takes a FastAPI, Starlette, Litestar or Quart application, also one that ASGI middleware is "
        f"wrapped round; this {type(app).__qualname__} is none. For any other ASGI application, wrap it: "
        f"app = otel_mlflow.TracingMiddleware(app, tracing=otel_mlflow.Tracing())"
    )


def instrumented(app: Any) -> Instrumented | None:
    """What `instrument()` has changed on an application of a framework's, if it was called."""
    found: Instrumented | None = getattr(app, _STATE, None) or getattr(getattr(app, "asgi_handler", None), _STATE, None)
    return found


def add_middleware(app: Any, tracing: Tracing) -> Instrumented:
    """Have all requests to an application of a framework's traced."""
    if isinstance(app, Starlette):
        return InstrumentedStarlette(app, tracing)
    return InstrumentedLitestar(app, tracing) if hasattr(app, "asgi_handler") else InstrumentedQuart(app, tracing)


class InstrumentedStarlette:
    """Puts the middleware round all others.

    `ServerErrorMiddleware` included, so that the answer to an unhandled exception is traced like any other.
    """

    def __init__(self, app: Starlette, tracing: Tracing) -> None:
        self._app = app
        self.tracing = tracing
        self._build = app.build_middleware_stack
        self._native = FastAPITelemetry(app)
        self._built = self._made = app.middleware_stack
        self._undone = False
        self._above_router: Any = None
        if app.middleware_stack is None:
            app.build_middleware_stack = self._build_stack  # type: ignore[method-assign]
        else:
            app.middleware_stack = self._made = self._wrapped(app.middleware_stack)
        if tracing.settings.tracing.enabled:
            self._native.stand_back()
            self._native.use(tracing.tracer_provider)
            self._native.trace_for_others(tracing)
        setattr(app, _STATE, self)

    def undo(self) -> None:
        """Leave the application as it was before. What others have put round ours meanwhile stays, without ours."""
        app = self._app
        self._undone = True
        delattr(app, _STATE)
        if vars(app).get("build_middleware_stack") == self._build_stack:
            vars(app).pop("build_middleware_stack")
            if self._build != app.build_middleware_stack:
                app.build_middleware_stack = self._build  # type: ignore[method-assign]
        if self._above_router is not None:
            self._above_router.app = app.router
        # A stack of others with ours in it is built anew when the next request comes.
        app.middleware_stack = self._built if app.middleware_stack is self._made else None
        self._native.restore()

    def _build_stack(self) -> Any:
        self._built = self._build()
        self._made = self._built if self._undone else self._wrapped(self._built)
        return self._made

    def _wrapped(self, stack: Any) -> Any:
        router = self._app.router
        self._above_router = next((each for each in _wrapped(stack) if getattr(each, "app", None) is router), None)
        if self._above_router is not None:
            self._above_router.app = RoutedScope(router)
        return Outermost(TracingMiddleware(stack, tracing=self.tracing))


class InstrumentedLitestar:
    """Litestar has slots: what is known of it hangs on our middleware."""

    def __init__(self, app: Any, tracing: Tracing) -> None:
        self._app = app
        self.tracing = tracing
        self._handler = app.asgi_handler
        app.asgi_handler = TracingMiddleware(app.asgi_handler, tracing=tracing)
        setattr(app.asgi_handler, _STATE, self)
        app.on_startup.append(tracing.start)
        app.on_shutdown.append(self._drain)
        app.after_exception.append(self._after_exception)

    def undo(self) -> None:
        """Leave the application as it was before."""
        self._app.asgi_handler = self._handler
        self._app.on_startup.remove(self.tracing.start)
        self._app.on_shutdown.remove(self._drain)
        self._app.after_exception.remove(self._after_exception)

    async def _drain(self) -> None:
        await drain(self.tracing)

    async def _after_exception(self, exception: Exception, scope: Any) -> None:
        note_exception(scope, exception)


class InstrumentedQuart:
    """Quart tells nobody outside which rule it has chosen."""

    def __init__(self, app: Any, tracing: Tracing) -> None:
        import quart

        self._app = app
        self._quart = quart
        self.tracing = tracing
        self._asgi_app = app.asgi_app
        app.asgi_app = TracingMiddleware(app.asgi_app, tracing=tracing)
        app.before_request_funcs[None].insert(0, self._name_request)
        app.before_websocket_funcs[None].insert(0, self._name_websocket)
        quart.got_request_exception.connect(self._after_exception, app)
        setattr(app, _STATE, self)

    def undo(self) -> None:
        """Leave the application as it was before."""
        delattr(self._app, _STATE)
        self._app.asgi_app = self._asgi_app
        self._app.before_request_funcs[None].remove(self._name_request)
        self._app.before_websocket_funcs[None].remove(self._name_websocket)
        self._quart.got_request_exception.disconnect(self._after_exception, self._app)

    async def _name_request(self) -> None:
        _leave_template(self._quart.request)

    async def _name_websocket(self) -> None:
        _leave_template(self._quart.websocket)

    async def _after_exception(self, _: Any, exception: Exception, **__: Any) -> None:
        note_exception(dict(self._quart.request.scope), exception)


def _leave_template(connection: Any) -> None:
    if connection.url_rule is not None:
        note_routing(connection.scope)
        connection.scope["path_template"] = _QUART_PARAMETER.sub(r"{\1}", connection.url_rule.rule)


def _wrapped(app: object) -> Iterator[object]:
    """An application and all that it is wrapped round."""
    pending, seen = [app], set[int]()
    while pending:
        candidate = pending.pop()
        if candidate is None or id(candidate) in seen:
            continue
        seen.add(id(candidate))
        yield candidate
        pending.extend(getattr(candidate, name, None) for name in reversed(_WRAPPING))


def _is(app: object, package: str, name: str) -> bool:
    """Whether it is an object of a class that may not be installed."""
    kind = getattr(sys.modules.get(package), name, None)
    return isinstance(kind, type) and isinstance(app, kind)
