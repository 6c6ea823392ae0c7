"""A known mix of requests, and how it gets into a real MLflow: through the destinations that delivery uses."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from tests.ops.tables import summary_tag
from tests.ops.variety import DAY, Assessment, Call, Request

END = 1_767_700_800_000
"""2026-01-06 12:00 UTC in ms, the moment at which the figures of the seed are looked at."""

ROUTES = ("POST /api/chat", "GET /api/sessions/{id}", "GET /api/slides", "POST /api/feedback")
USERS = ("ada@example.com", "bob@example.com", "cem@example.com", "dora@example.com", "eve@example.com", None)
MODELS = {"large": 3e-6, "small": 5e-7}


def mix(count: int, *, span_ms: int = 2 * DAY, end_ms: int = END, seed: int = 7) -> list[Request]:
    """So many requests, spread over the time before `end_ms`, always the same ones."""
    dice = random.Random(seed)
    return [_request(dice, number, end_ms - 1 - dice.randrange(span_ms)) for number in range(count)]


def _request(dice: random.Random, number: int, time_ms: int) -> Request:
    route = dice.choice(ROUTES)
    outcome = dice.choices(("ok", "error", "cancelled"), (85, 10, 5))[0]
    # The last users come late: they are the new ones.
    user = dice.choice(USERS[:3] if time_ms < END - DAY else USERS)
    is_chat = route == ROUTES[0]
    return Request(
        number=number,
        experiment="",
        service="",
        route=route,
        status_code={"ok": dice.choice((200, 200, 200, 404)), "error": dice.choice((500, 503)), "cancelled": 200}[
            outcome
        ],
        outcome=outcome,
        time_ms=time_ms,
        duration_ms=dice.randrange(1, 5000),
        user=user,
        session=f"session-{dice.randrange(12)}" if user else None,
        calls=tuple(_calls(dice)) if is_chat else (),
        tools=tuple((dice.choice(("search", "sql")), dice.random() < 0.8) for _ in range(2)) if is_chat else (),
        given=_feedback(dice) if is_chat else (),
    )


def _calls(dice: random.Random) -> Iterator[Call]:
    for _ in range(dice.randrange(1, 3)):
        model = dice.choice(list(MODELS))
        tokens = dice.randrange(10, 900), dice.randrange(1, 400)
        yield Call(model, *tokens, cost=sum(tokens) * MODELS[model])


def _feedback(dice: random.Random) -> tuple[Assessment, ...]:
    possible = (Assessment("helpful", dice.random() < 0.7), Assessment("stars", dice.randrange(2, 11) / 2))
    return tuple(choice for choice in possible if dice.random() < 0.3)


def fill(destination: Destination, requests: Sequence[Request]) -> None:
    """Deliver the requests' traces, and what was thought of them."""
    destination.open()
    for start in range(0, len(requests), 100):
        some = requests[start : start + 100]
        destination.send([SpooledTrace(r.number + 1, r.trace_id, spans(r), info(r), None) for r in some])
    for request in requests:
        for name, value in request.feedback:
            destination.log_assessment(SpooledFeedback(1, request.trace_id, assessment(request, name, value), 0))
    destination.close()


def spans(request: Request) -> bytes:
    """The OTLP request of one trace."""
    otlp = ExportTraceServiceRequest()
    scope = otlp.resource_spans.add().scope_spans.add()
    _span(scope, request, 0, request.route, "UNKNOWN", failed=request.outcome != "ok")
    for position, call in enumerate(request.calls):
        _span(scope, request, 1 + position, "model", "CHAT_MODEL", **call.attributes)
    for position, (tool, works) in enumerate(request.tools):
        _span(scope, request, 100 + position, tool, "TOOL", failed=not works)
    return otlp.SerializeToString()


def _span(scope: Any, request: Request, position: int, name: str, kind: str, failed: bool = False, **said: Any) -> None:
    span = scope.spans.add(name=name)
    span.trace_id = (request.number + 1).to_bytes(16, "big")
    span.span_id = (request.number * 1000 + position + 1).to_bytes(8, "big")
    if position:
        span.parent_span_id = (request.number * 1000 + 1).to_bytes(8, "big")
    span.start_time_unix_nano = request.time_ms * 1_000_000
    span.end_time_unix_nano = (request.time_ms + (request.duration_ms or 0)) * 1_000_000
    span.status.code = span.status.STATUS_CODE_ERROR if failed else span.status.STATUS_CODE_OK
    for key, value in {"mlflow.spanType": kind, **said}.items():
        span.attributes.add(key=key).value.string_value = value if isinstance(value, str) else json.dumps(value)


def info(request: Request) -> bytes:
    """What OTLP does not carry, as `spans.record` writes it."""
    metadata = {"mlflow.trace.user": request.user, "mlflow.trace.session": request.session}
    told = {
        "client_request_id": request.request_id,
        "request_time_ms": request.time_ms,
        "execution_duration_ms": request.duration_ms,
        "state": "OK" if request.outcome == "ok" else "ERROR",
        "request_preview": "the secret question",
        "response_preview": "the secret answer",
        "trace_metadata": {key: value for key, value in metadata.items() if value is not None},
        "tags": {
            "mlflow.traceName": request.route,
            "http.route": request.route.partition(" ")[2],
            "http.method": request.route.partition(" ")[0],
            "http.status_code": str(request.status_code),
            "otel_mlflow.outcome": request.outcome,
            "otel_mlflow.summary": summary_tag(request),
        },
    }
    return json.dumps(told).encode()


def assessment(request: Request, name: str, value: object) -> bytes:
    """An assessment, as `otel_mlflow.feedback` writes it."""
    told = {
        "assessment_name": name,
        "trace_id": request.trace_id,
        "source": {"source_type": "HUMAN", "source_id": request.user or "somebody"},
        "create_time": "2026-01-06T11:00:00Z",
        "last_update_time": "2026-01-06T11:00:00Z",
        "feedback": {"value": value},
        "assessment_id": f"a-{request.number:027x}{name[:5]}",
        "valid": True,
    }
    return json.dumps({"assessment": told}).encode()
