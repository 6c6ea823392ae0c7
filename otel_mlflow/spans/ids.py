"""Trace and span ids: made so that no `random.seed()` in user code and no fork can make them repeat, and read."""

from __future__ import annotations

import os
import random

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Span, SpanContext
from typing_extensions import override

_RANDOM = random.Random()  # noqa: S311, ids are no secrets
"""Our own source, seeded by the operating system; user code that seeds `random` does not reach it."""

random_bits = _RANDOM.getrandbits

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_RANDOM.seed)


def new_trace_id() -> int:
    """128 random bits, never zero."""
    return random_bits(128) or 1


def span_context(span: ReadableSpan) -> SpanContext:
    """The span's ids; the SDK's types allow a span without any."""
    return span.get_span_context() or INVALID_SPAN_CONTEXT


def is_remote(span: Span) -> bool:
    """Whether the span stands for one of another process; libraries make spans without any ids."""
    context: SpanContext | None = span.get_span_context()
    return context is not None and context.is_remote


class UniqueIdGenerator(IdGenerator):
    """Ids from our own random source."""

    @override
    def generate_trace_id(self) -> int:
        return new_trace_id()

    @override
    def generate_span_id(self) -> int:
        return random_bits(64) or 1

    def is_trace_id_random(self) -> bool:
        """Say so to samplers that rely on it."""
        return True
