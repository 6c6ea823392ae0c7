"""FastAPI's own request spans (`FastAPI(telemetry=…)`, from 0.142) and ours: one of them is enough.

FastAPI opens its span outside all middleware as soon as a tracer provider exists. From inside, the middleware claims
it; where only we would see it, and where the middleware is wrapped round FastAPI, FastAPI's is switched off for the
application. Its metrics and logs stay on. Inside another instrumentation's span FastAPI is told to keep out.
Private names that this leans on: `FastAPI._telemetry`, of which `tracing` is asked for its truth at each request,
`FastAPI._native_telemetry.enabled()` and the scope key `fastapi.telemetry`; FastAPI before 0.142 has none of them.
`tests/unit/asgi/test_fastapi_telemetry.py` fails where one changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, TracerProvider, get_current_span

from otel_mlflow.http.exchange import Scope
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.bridge import BRIDGE
from otel_mlflow.spans.provider import SeenByOthers

if TYPE_CHECKING:
    from otel_mlflow.spans.trace import TraceOwner
    from otel_mlflow.tracing import Tracing

_SCOPE_KEY = "fastapi.telemetry"


class FastAPITelemetry:
    """What FastAPI does on its own for one application; does nothing for any other kind."""

    def __init__(self, app: object) -> None:
        app = app if not _is_fastapi(app) or INTEGRATIONS.works("fastapi_telemetry") else None
        self._config: Any = getattr(app, "_telemetry", None)
        self._enabled: Any = getattr(getattr(app, "_native_telemetry", None), "enabled", None)
        self._before: dict[str, Any] = dict(self._config) if self._config is not None else {}

    def switch_tracing_off(self) -> None:
        """No request spans of FastAPI's own from now on."""
        if self._config is not None:
            self._config["tracing"] = False

    def trace_for_others(self, tracing: Tracing) -> None:
        """Request spans of FastAPI's own only while somebody but us is going to see them.

        Where FastAPI sets up exporters from the environment as the server starts, they are for its spans, which stay.
        """
        config = self._config
        if config is not None and config["tracing"] and not config.get("auto_configure"):
            config["tracing"] = _WhileOthersSee(tracing)

    def use(self, tracer_provider: TracerProvider | None) -> None:
        """Make its spans with the provider that the application named for ours, unless it named another for these."""
        if self._config is not None and self._config.get("tracer_provider") is None:
            self._config["tracer_provider"] = tracer_provider

    def stand_back(self) -> None:
        """No request span of FastAPI's own where somebody outside has opened one for the request."""
        if self._config is not None:
            config, excludes = self._config, self._config.get("exclude") or (lambda _: False)
            config["exclude"] = lambda scope: excludes(scope) or (_in_server_span() and bool(config["tracing"]))

    def restore(self) -> None:
        """As it was."""
        if self._config is not None:
            self._config.update(self._before)

    def keep_out(self, scope: Scope) -> None:
        """No second request span from here inwards; applications that are mounted have telemetry of their own.

        Does nothing where FastAPI is already round this request, or is going to be, for its metrics or logs.
        """
        if _SCOPE_KEY not in scope and not (self._enabled is not None and self._enabled()):
            scope[_SCOPE_KEY] = None


class _WhileOthersSee(SeenByOthers):
    """In the place of FastAPI's `tracing`. In an application that is pickled it goes along."""

    def __init__(self, tracing: Tracing) -> None:
        super().__init__(BRIDGE.provider, tracing)

    def __reduce__(self) -> tuple[type[_WhileOthersSee], tuple[TraceOwner]]:
        return _WhileOthersSee, (self.owner,)


def _is_fastapi(app: object) -> bool:
    return any(kind.__module__.startswith("fastapi.") for kind in type(app).__mro__)


def _in_server_span() -> bool:
    span = get_current_span()
    return span.is_recording() and getattr(span, "kind", None) is SpanKind.SERVER
