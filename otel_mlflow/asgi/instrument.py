"""`instrument(app)`: one line for a FastAPI or Starlette application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.middleware.errors import ServerErrorMiddleware

from otel_mlflow.asgi.fastapi_telemetry import FastAPITelemetry
from otel_mlflow.asgi.middleware import TracingMiddleware
from otel_mlflow.http.exchange import Scope

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider
    from starlette.applications import Starlette

    from otel_mlflow.settings import Settings
    from otel_mlflow.tracing import Tracing

_STATE = "_otel_mlflow"


class _Instrumented:
    """What `instrument()` changed on one application, and how to change it back.

    The middleware goes round all others, `ServerErrorMiddleware` included, so that the answer to an unhandled
    exception is traced like any other. OpenTelemetry's FastAPI instrumentation expects the outermost middleware of a
    stack to be a `ServerErrorMiddleware`, so there is one more of it outside, which never has anything to do.
    """

    def __init__(self, app: Starlette, tracing: Tracing) -> None:
        self._app = app
        self.tracing = tracing
        self._build = app.build_middleware_stack
        self._native = FastAPITelemetry(app)
        self._built = self._made = app.middleware_stack
        self._undone = False
        if app.middleware_stack is None:
            app.build_middleware_stack = self._build_stack  # type: ignore[method-assign]
        else:
            app.middleware_stack = self._made = self._wrapped(app.middleware_stack)
        if not tracing.spans_are_seen_by_others:
            self._native.switch_tracing_off()
        elif tracing.settings.tracing.enabled:
            self._native.stand_back()

    def undo(self) -> None:
        """Leave the application as it was before. What others have put round ours meanwhile stays, without ours."""
        app = self._app
        self._undone = True
        if vars(app).get("build_middleware_stack") == self._build_stack:
            vars(app).pop("build_middleware_stack")
            if self._build != app.build_middleware_stack:
                app.build_middleware_stack = self._build  # type: ignore[method-assign]
        # A stack of others with ours in it is built anew when the next request comes.
        app.middleware_stack = self._built if app.middleware_stack is self._made else None
        self._native.restore()

    def _build_stack(self) -> Any:
        self._built = self._build()
        self._made = self._built if self._undone else self._wrapped(self._built)
        return self._made

    def _wrapped(self, stack: Any) -> Any:
        return ServerErrorMiddleware(TracingMiddleware(stack, tracing=self.tracing))


def instrument(
    app: Starlette,
    settings: Settings | None = None,
    *,
    tracer_provider: TracerProvider | None = None,
    experiment_for: Callable[[Scope], str | None] | None = None,
) -> Tracing:
    """Trace every request to `app` into MLflow.

    `settings` default to the environment and the YAML file. `tracer_provider` is used in place of the global one.
    `experiment_for(scope)` names the experiment of one request, or returns None for the configured one; it is called
    off the request's path. Calling `instrument` again on the same application changes nothing and returns the same
    object. No network is used here.

    Settings that cannot be used leave the application untraced, and the log and `status()` say why; with `strict` they
    raise `TracingSetupError`.
    """
    from otel_mlflow.tracing import Tracing

    already: _Instrumented | None = getattr(app, _STATE, None)
    if already is not None:
        return already.tracing
    title = getattr(app, "title", None)
    tracing = Tracing(settings, tracer_provider=tracer_provider, experiment_for=experiment_for, title=title)
    setattr(app, _STATE, _Instrumented(app, tracing))
    return tracing


def uninstrument(app: Starlette) -> None:
    """Undo `instrument(app)`: deliver what there is, and leave the application as it was."""
    instrumented: _Instrumented | None = getattr(app, _STATE, None)
    if instrumented is not None:
        delattr(app, _STATE)
        instrumented.undo()
        instrumented.tracing.shutdown()
