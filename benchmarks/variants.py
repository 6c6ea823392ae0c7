"""One application, traced in different ways: the alternatives that a team would compare."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from opentelemetry import trace

INNER_SPANS = 5


@dataclass(frozen=True)
class Variant:
    """An application, and how to wait until its traces are delivered; `finish` answers when it has given up, too."""

    app: Any
    finish: Callable[[], object]


def plain_app(inner: int) -> FastAPI:
    """Answer a question, with as many OpenTelemetry spans inside as asked for."""
    app = FastAPI(telemetry={"tracing": False})
    tracer = trace.get_tracer("benchmark")

    @app.post("/ask/{number}")
    async def ask(number: int, question: dict[str, str]) -> dict[str, Any]:
        for step in range(inner):
            with tracer.start_as_current_span(f"step {step}"):
                pass
        return {"number": number, "answer": question["question"]}

    return app


def none(inner: int, _uri: str, _experiment: str, _folder: Path) -> Variant:
    """No tracing."""
    return Variant(plain_app(inner), lambda: None)


def instrumentation(inner: int, _uri: str, _experiment: str, _folder: Path) -> Variant:
    """FastAPI instrumentation with its defaults, no exporter."""
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    app = plain_app(inner)
    FastAPIInstrumentor.instrument_app(app)
    return Variant(app, lambda: None)


def batch_otlp(inner: int, uri: str, experiment: str, folder: Path) -> Variant:
    """FastAPI instrumentation, batch span processor, OTLP to the MLflow server."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    variant = instrumentation(inner, uri, experiment, folder)
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        raise TypeError(f"the tracer provider is {provider!r}, expected the SDK's")
    headers = {"x-mlflow-experiment-id": _experiment_id(uri, experiment)}
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{uri}/v1/traces", headers=headers)))
    return Variant(variant.app, lambda: provider.force_flush(300_000))


def mlflow_in_handler(inner: int, uri: str, experiment: str, _folder: Path) -> Variant:
    """`mlflow.start_span` in the handler, MLflow's own asynchronous exporter."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(experiment)
    app = FastAPI(telemetry={"tracing": False})

    @app.post("/ask/{number}")
    async def ask(number: int, question: dict[str, str]) -> dict[str, Any]:
        with mlflow.start_span("POST /ask/{number}") as span:
            span.set_inputs(question)
            for step in range(inner):
                with mlflow.start_span(f"step {step}"):
                    pass
            answer = {"number": number, "answer": question["question"]}
            span.set_outputs(answer)
            return answer

    return Variant(app, mlflow.flush_trace_async_logging)


def ours(inner: int, uri: str, experiment: str, folder: Path, *, freeze_heap: bool = False) -> Variant:
    """otel-mlflow."""
    import otel_mlflow

    app = plain_app(inner)
    spool = {"spool_dir": str(folder)}
    settings = otel_mlflow.Settings(
        tracking_uri=uri,
        experiment_name=experiment,
        tracing={"autolog": [], "http_only_traces": "keep"},
        runs={"mode": "off"},
        delivery=spool,
        freeze_heap=freeze_heap,
    )
    tracing = otel_mlflow.instrument(app, settings)
    return Variant(app, lambda: tracing.flush(300))


VARIANTS: dict[str, Callable[[int, str, str, Path], Variant]] = {
    "no tracing": none,
    "FastAPI instrumentation, no exporter": instrumentation,
    "… with batch processor and OTLP": batch_otlp,
    "mlflow.start_span in the handler": mlflow_in_handler,
    "otel-mlflow": ours,
    "otel-mlflow, freeze_heap": functools.partial(ours, freeze_heap=True),
}


def _experiment_id(uri: str, name: str) -> str:
    import mlflow

    mlflow.set_tracking_uri(uri)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    return str(mlflow.set_experiment(name).experiment_id)
