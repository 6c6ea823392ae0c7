"""`instrument(app)`: one line for an application of FastAPI, Starlette, Litestar or Quart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from otel_mlflow.asgi.frameworks import add_middleware, find_application, instrumented
from otel_mlflow.errors import NotInstrumentableError
from otel_mlflow.http.exchange import Scope

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

    from otel_mlflow.settings import Settings
    from otel_mlflow.tracing import Tracing


def instrument(
    app: Callable[..., Any],
    settings: Settings | None = None,
    *,
    tracer_provider: TracerProvider | None = None,
    experiment_for: Callable[[Scope], str | None] | None = None,
) -> Tracing:
    """Trace every request to `app` into MLflow: a FastAPI, Starlette, Litestar or Quart application.

    ASGI middleware may be wrapped round it already; it stays outside. `settings` default to the environment and the
    YAML file. `tracer_provider` is used in place of the global one. `experiment_for(scope)` names the experiment of one
    request, or returns None for the configured one; it is called off the request's path. Calling `instrument` again on
    the same application changes nothing and returns the same object. No network is used here.

    Settings that cannot be used leave the application untraced, and the log and `status()` say why; with `strict` they
    raise `TracingSetupError`. What is no such application raises `NotInstrumentableError`, another argument of a wrong
    kind `ArgumentTypeError`; and nothing is changed.
    """
    target = find_application(app)
    already = instrumented(target)
    if already is not None:
        return already.tracing
    from otel_mlflow.tracing import Tracing

    title = getattr(target, "title", None)
    tracing = Tracing(settings, tracer_provider=tracer_provider, experiment_for=experiment_for, title=title)
    try:
        add_middleware(target, tracing)
    except BaseException:
        tracing.shutdown()
        raise
    return tracing


def uninstrument(app: Callable[..., Any]) -> None:
    """Undo `instrument(app)`: deliver what there is, and leave the application as it was."""
    try:
        changed = instrumented(find_application(app))
    except NotInstrumentableError:
        return
    if changed is not None:
        changed.undo()
        changed.tracing.shutdown()
