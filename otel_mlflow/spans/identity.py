"""Trace and span ids that no `random.seed()` in user code and no fork can make repeat."""

from __future__ import annotations

import os

from opentelemetry.sdk.trace.id_generator import IdGenerator


def new_trace_id() -> int:
    """128 random bits, never zero."""
    return int.from_bytes(os.urandom(16), "big") or 1


class UniqueIdGenerator(IdGenerator):
    """Ids from the operating system's random source, which knows neither seeds nor forks."""

    def generate_trace_id(self) -> int:
        return new_trace_id()

    def generate_span_id(self) -> int:
        return int.from_bytes(os.urandom(8), "big") or 1

    def is_trace_id_random(self) -> bool:
        return True
