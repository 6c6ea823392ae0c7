"""OpenTelemetry's global tracer provider: asked for, set, and watched.

There may be one and it may be set once, by the application. Ours stands in its place until then, past OpenTelemetry's
setter; and every setting is noticed, whoever imported the setter. Both need private names (`integrations/`).
Where one of them is gone, the public functions do what they can: our provider takes the one place there is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from opentelemetry import trace as trace_api

from otel_mlflow.integrations import INTEGRATIONS

trace_module: Any = trace_api

OnSet = Callable[[trace_api.TracerProvider | None, trace_api.TracerProvider], None]
"""Told of the provider before and of the one that the application has set."""


class GlobalTracerProvider:
    """The global provider of this process."""

    def __init__(self) -> None:
        self.placed: trace_api.TracerProvider | None = None
        """The provider that stands in for the application's."""
        self.current = current_provider
        """The provider in use, a proxy where none was set."""
        self._setter: Any = None

    def watch(self, on_set: OnSet) -> None:
        """Call `on_set` whenever the application sets a provider."""
        if self._setter is not None or not INTEGRATIONS.works("opentelemetry_provider"):
            return
        self.current = trace_api.get_tracer_provider
        setter = self._setter = trace_module._set_tracer_provider

        def set_tracer_provider(tracer_provider: trace_api.TracerProvider, log: bool) -> None:
            if tracer_provider is self.placed:
                return
            before = trace_module._TRACER_PROVIDER
            setter(tracer_provider, log=log)
            on_set(before, tracer_provider)

        trace_module._set_tracer_provider = set_tracer_provider

    def place(self, provider: trace_api.TracerProvider) -> None:
        """Make it the global one, unless there is one, and leave the application's right to set its own."""
        if INTEGRATIONS.works("opentelemetry_provider"):
            if trace_module._TRACER_PROVIDER is None:
                self.placed = trace_module._TRACER_PROVIDER = provider
        else:
            with suppress(NameError):
                trace_api.set_tracer_provider(provider)

    def restore(self) -> None:
        """Leave OpenTelemetry as it was."""
        if self._setter is not None:
            trace_module._set_tracer_provider = self._setter
            self._setter = None
            self.current = current_provider
        if self.placed is not None and trace_module._TRACER_PROVIDER is self.placed:
            trace_module._TRACER_PROVIDER = None
        self.placed = None


def current_provider() -> trace_api.TracerProvider:
    """The provider in use, also where its module misses names of its own: then there is none to give."""
    try:
        return trace_api.get_tracer_provider()
    except NameError:
        return trace_api.NoOpTracerProvider()
