"""MLflow on the shared tracer provider: its fluent API in the traces that are open here.

Nothing of MLflow is imported before `integrations` has found all that is leaned on. Where something is gone, MLflow's
API makes no spans: left to itself it would send traces of its own, and callers would wait for its server.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from otel_mlflow.delivery.destinations.libraries import import_modules
from otel_mlflow.guard import attempt
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.processor import OpenTraceSpanProcessor
from otel_mlflow.spans.provider import SharedTracerProvider

_IMPORTED_BY_FIRST_SPAN = ("mlflow.pyfunc.context",)
"""It takes a second, and warns."""


class MlflowBridge:
    """Ours in the place of MLflow's tracer provider, trace manager and a few functions, and back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def install(self, provider: SharedTracerProvider, processor: OpenTraceSpanProcessor) -> None:
        """Put MLflow's tracing on the shared tracer provider. Does nothing the second time."""
        if not self._undo:
            self._connect(provider, processor)
            if not INTEGRATIONS.works("mlflow_spans"):
                self._silence()

    def _connect(self, provider: SharedTracerProvider, processor: OpenTraceSpanProcessor) -> None:
        if INTEGRATIONS.works("mlflow_spans"):
            from otel_mlflow.spans.mlflow import parts
            from otel_mlflow.spans.mlflow.self_test import SelfTest

            import_modules(_IMPORTED_BY_FIRST_SPAN)
            self._undo = [*parts.install(provider.tracer, processor)]
            if (failure := parts.check(SelfTest(provider, processor))) is not None:
                self.uninstall()
                INTEGRATIONS.fail("mlflow_spans", failure)

    def _silence(self) -> None:
        """By MLflow's public function; where that leans on what is gone, by a provider in the place of MLflow's."""
        import mlflow.tracing

        from otel_mlflow.spans.mlflow.provider import ProviderSwap, SilentProvider

        attempt(mlflow.tracing.disable)
        swap = ProviderSwap(SilentProvider(), shares_context=False)
        swap.install()
        self._undo = [partial(attempt, mlflow.tracing.enable), swap.uninstall]

    def uninstall(self) -> None:
        """Put MLflow's own objects back."""
        undo, self._undo = self._undo, []
        for step in reversed(undo):
            step()
