"""The neighbours: how each is switched on as its manual says, and what it has seen.

A neighbour prepares the process before the application is made, and is then shown the application. Its answer says what
it has seen of the requests so far.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

Seen = Callable[[], object]
Attach = Callable[[FastAPI], Seen]
"""Adds the neighbour to an application; returns what tells what it has seen."""


def sentry() -> Attach:
    import sentry_sdk
    from sentry_sdk.envelope import Envelope
    from sentry_sdk.transport import Transport

    envelopes: list[Envelope] = []

    class Kept(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            envelopes.append(envelope)

    sentry_sdk.init(dsn="http://public@127.0.0.1:9/1", traces_sample_rate=1.0, transport=Kept)

    def seen() -> object:
        sentry_sdk.flush()
        items = [item for envelope in envelopes for item in envelope.items]
        named = [(item.headers["type"], (item.payload.json or {}).get("transaction")) for item in items]
        return sorted(pair for pair in named if pair[0] in ("transaction", "event") and pair[1] != "/seen")

    return lambda _: seen


def ddtrace() -> Attach:
    os.environ |= {"DD_TRACE_AGENT_URL": "http://127.0.0.1:9", "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false"}
    import ddtrace.auto  # noqa: F401, instruments what is imported after it
    from ddtrace.trace import TraceFilter, tracer

    requests: list[str] = []

    class Kept(TraceFilter):
        def process_trace(self, trace: Any) -> None:
            requests.extend(span.resource for span in trace if span.name == "fastapi.request")

    tracer.configure(trace_processors=[Kept()])
    return lambda _: lambda: sorted(resource for resource in requests if "seen" not in resource)


def logfire() -> Attach:
    import logfire
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    logfire.configure(send_to_logfire=False, console=False, additional_span_processors=[SimpleSpanProcessor(exporter)])

    def attach(app: FastAPI) -> Seen:
        logfire.instrument_fastapi(app, excluded_urls="/seen|/control")
        return lambda: sorted(span.name for span in exporter.get_finished_spans() if span.parent is None)

    return attach


def prometheus() -> Attach:
    from prometheus_client import REGISTRY
    from prometheus_fastapi_instrumentator import Instrumentator

    def attach(app: FastAPI) -> Seen:
        Instrumentator(excluded_handlers=["/seen"]).instrument(app).expose(app)
        return lambda: sorted(
            (*sorted(sample.labels.items()), sample.value)
            for metric in REGISTRY.collect()
            if metric.name == "http_requests"
            for sample in metric.samples
            if sample.name.endswith("_total")
        )

    return attach


def correlation_id() -> Attach:
    from asgi_correlation_id import CorrelationIdMiddleware

    def attach(app: FastAPI) -> Seen:
        app.add_middleware(CorrelationIdMiddleware)
        return lambda: None

    return attach


NEIGHBOURS: dict[str, Callable[[], Attach]] = {
    "sentry": sentry,
    "ddtrace": ddtrace,
    "logfire": logfire,
    "prometheus": prometheus,
    "correlation_id": correlation_id,
}


WATCHERS = [name for name in NEIGHBOURS if name != "correlation_id"]
"""Those that record something of the requests."""
