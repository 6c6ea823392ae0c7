"""Handlers of both colours, with MLflow spans, OpenTelemetry spans and decorated functions in them."""

from __future__ import annotations

import mlflow
from opentelemetry import trace
from pydantic import BaseModel

import otel_mlflow
from tests.acceptance.shapes.family import Family
from tests.acceptance.shapes.spans import nested, raw, span

family = Family()


@family.route("GET /handlers/sync > work > query")
def sync_handler() -> None:
    nested("work", "query")


@family.route("GET /handlers/async > work > query")
async def async_handler() -> None:
    nested("work", "query")


@family.route("GET /handlers/nothing")
async def nothing_opened() -> str:
    return "nothing but HTTP happens here"


@family.route("GET /handlers/siblings > [query, query, work > query]")
async def siblings() -> None:
    for _ in range(2):
        with raw("query"):
            pass
    nested("work", "query")


@family.route("GET /handlers/interleaved > a > b > c > d")
def interleaved() -> None:
    with raw("a"), span("b"), raw("c"), span("d"):
        pass


@mlflow.trace(name="decorated")
def decorated(inner: str) -> None:
    with raw(inner):
        pass


@mlflow.trace(name="decorated async")
async def decorated_async() -> None:
    decorated("query")


@family.route("GET /handlers/decorated > [decorated > query, decorated async > decorated > query]")
async def decorated_functions() -> None:
    decorated("query")
    await decorated_async()


class Question(BaseModel):
    """A body that FastAPI validates."""

    text: str = "?"


@family.route("POST /handlers/{topic}/questions > work > query", url="/handlers/weather/questions?urgent=true")
def path_query_and_body(topic: str, urgent: bool, question: Question | None = None) -> dict[str, object]:
    nested("work", "query")
    return {"topic": topic, "urgent": urgent, "text": question and question.text}


@family.route("GET /handlers/address > work > query")
async def address_of_its_trace() -> str:
    nested("work", "query")
    return otel_mlflow.current_trace().url


@family.route("GET /handlers/by-hand > manual > under manual")
async def started_and_ended_by_hand() -> None:
    tracer = trace.get_tracer("a.library")
    manual = tracer.start_span("manual")
    with trace.use_span(manual, end_on_exit=False), span("under manual"):
        pass
    manual.end()


@family.route("GET /handlers/no-context > free > under free")
async def mlflow_span_without_context() -> None:
    free = mlflow.start_span_no_context("free", parent_span=mlflow.get_current_active_span())
    mlflow.start_span_no_context("under free", parent_span=free).end()
    free.end()
