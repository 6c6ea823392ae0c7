"""Beside a current span that is none of ours: the span of ours that is round it, as a key of OpenTelemetry's context.

Whoever makes a span current does it with `opentelemetry.context.attach`. Where that span is another provider's or
another process's, or records nothing, the context that is attached gets one more key. Those of our spans are attached
as they are.
It leans on `opentelemetry.context._RUNTIME_CONTEXT`, through which every `attach` goes, whoever imported it, and on
the key of the current span (`integrations/of_opentelemetry.py`).
"""

from __future__ import annotations

from contextvars import Token
from typing import Any

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, get_current_span

from otel_mlflow.guard import guarded
from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.spans.trace import SPAN_STATE, SpanState, span_state

_ENCLOSING = context_api.create_key("otel-mlflow-enclosing")
"""Context key: a span that is none of ours, and the span of ours that is round it."""

context_module: Any = context_api


def enclosing_state(context: Context, span: Span) -> SpanState | None:
    """The span of ours that was current when `span`, which is none of ours, was made current."""
    known = context.get(_ENCLOSING)
    return known[1] if isinstance(known, tuple) and known[0] is span else None


class _EnclosingContext:
    """OpenTelemetry's runtime context, with the key added to what is attached."""

    def __init__(self, inner: Any, span_key: str) -> None:
        self.inner = inner
        self._span_key = span_key
        self.get_current = inner.get_current
        self.detach = inner.detach
        self._attach = inner.attach

    def attach(self, context: Context) -> Token[Context]:
        """Make `context` the current one."""
        span: Any = context.get(self._span_key)
        if span is not None and span is not INVALID_SPAN and not hasattr(span, SPAN_STATE):
            context = _with_enclosing(context, span, self.get_current()) or context
        token: Token[Context] = self._attach(context)
        return token


@guarded
def _with_enclosing(context: Context, span: Span, before: Context) -> Context:
    if enclosing_state(context, span) is not None:
        return context
    around = get_current_span(before)
    state = span_state(around) or enclosing_state(before, around)
    return context_api.set_value(_ENCLOSING, (span, state), context) if state is not None else context


def install() -> None:
    """Add the key from now on. Does nothing the second time."""
    if INTEGRATIONS.works("opentelemetry_context"):
        from opentelemetry.trace.propagation import _SPAN_KEY

        inner = context_module._RUNTIME_CONTEXT
        if not isinstance(inner, _EnclosingContext):
            context_module._RUNTIME_CONTEXT = _EnclosingContext(inner, _SPAN_KEY)


def uninstall() -> None:
    """Give OpenTelemetry its own runtime context back."""
    if isinstance(installed := getattr(context_module, "_RUNTIME_CONTEXT", None), _EnclosingContext):
        context_module._RUNTIME_CONTEXT = installed.inner
