"""Going on in a request's trace after, or outside, the request that ordered the work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import Span, get_current_span, use_span

from otel_mlflow.spans.user_values import bounded_text, take_items


@contextmanager
def continued(carrier: Mapping[str, str], name: str) -> Iterator[Span]:
    """Open a span called `name` in the trace that `carrier` came from, under the span that was current there.

    For a job queue, a worker thread or another process; it does not matter how much later. `carrier` is what
    `current_trace().carrier()` returned, and is believed, so it must not be what a stranger sent; with an empty one,
    from outside a traced request, or with what is no mapping, nothing is opened. Names in another case, and bytes, are
    understood: queues and gateways hand headers on like that.
    Yields the OpenTelemetry span. An exception from the body is recorded on it and raised on.
    """
    headers = _headers(carrier)
    if not headers:
        yield get_current_span()
        return
    from otel_mlflow.spans.bridge import BRIDGE
    from otel_mlflow.spans.current import REQUEST_ROOT
    from otel_mlflow.spans.propagation import TRUSTED, W3C_PROPAGATOR
    from otel_mlflow.spans.trace import span_state

    context = W3C_PROPAGATOR.extract(headers, Context())
    span = BRIDGE.provider.tracer("otel_mlflow").start_span(
        bounded_text(name), context=context_api.set_value(TRUSTED, True, context)
    )
    state = span_state(span)
    token = context_api.attach(context_api.set_value(REQUEST_ROOT, state, context))
    try:
        with use_span(span, end_on_exit=True):
            yield span
    finally:
        context_api.detach(token)


def _headers(carrier: object) -> dict[str, str]:
    """The W3C headers of a carrier, by their names in lower case."""
    items = take_items(carrier) or {}
    return {_text(name).lower(): _text(value) for name, value in items.items()}


def _text(value: object) -> str:
    return bounded_text(value.decode("latin-1") if type(value) is bytes else value)
