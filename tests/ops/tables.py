"""Requests, straight into the tables of a database of MLflow's: nothing of the product's has a hand in it."""

from __future__ import annotations

import base64
import functools
import importlib
import json
import math
import warnings
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, update

from tests.ops.variety import Request


@functools.cache
def tables() -> Any:
    """MLflow's tables; its modules warn about them, which is nobody's error here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
        return importlib.import_module("mlflow.store.tracking.dbmodels.models")


class Tables:
    """The database that MLflow's server or store uses, at `uri`."""

    def __init__(self, uri: str, artifacts: str) -> None:
        tables()
        self._store: Any = importlib.import_module("mlflow.store.tracking.sqlalchemy_store").SqlAlchemyStore(
            uri, artifacts
        )
        self._experiments: dict[str, int] = {}

    def add(self, requests: Sequence[Request]) -> None:
        """Insert what MLflow keeps of the requests' traces."""
        with self._store.ManagedSessionMaker(read_only=False) as session:
            session.bulk_save_objects([_info(request, self._experiment(request.experiment)) for request in requests])
            session.flush()
            for rows in (_tags, _metadata):
                session.bulk_save_objects([row for request in requests for row in rows(request)])
            for make in (_spans, _assessments):
                session.bulk_save_objects([row for r in requests for row in make(r, self._experiment(r.experiment))])

    def remove(self, requests: Sequence[Request]) -> None:
        """Delete their traces."""
        ids = [request.trace_id for request in requests]
        with self._store.ManagedSessionMaker(read_only=False) as session:
            for table in (tables().SqlAssessments, tables().SqlSpan):
                session.execute(delete(table).where(table.trace_id.in_(ids)))
            for table in (tables().SqlTraceTag, tables().SqlTraceMetadata, tables().SqlTraceInfo):
                session.execute(delete(table).where(table.request_id.in_(ids)))

    def damage(self, request: Request) -> None:
        """Make a trace one that MLflow cannot read back."""
        span = tables().SqlSpan
        with self._store.ManagedSessionMaker(read_only=False) as session:
            session.execute(update(span).where(span.trace_id == request.trace_id).values(content='{"half'))

    def _experiment(self, name: str) -> int:
        if name not in self._experiments:
            found = self._store.get_experiment_by_name(name)
            self._experiments[name] = int(found.experiment_id if found else self._store.create_experiment(name))
        return self._experiments[name]


def _info(request: Request, experiment_id: int) -> Any:
    return tables().SqlTraceInfo(
        request_id=request.trace_id,
        experiment_id=experiment_id,
        timestamp_ms=request.time_ms,
        execution_time_ms=request.duration_ms,
        status={"ok": "OK", "unfinished": "IN_PROGRESS"}.get(request.outcome, "ERROR"),
        client_request_id=request.request_id,
        trace_name=request.route or None,
        session_id=request.session,
        **({f"{kind}_tokens": count for kind, count in _usage(request).items()} if request.calls else {}),
        total_cost=request.cost if request.calls else None,
    )


def _usage(request: Request) -> dict[str, int]:
    sums = {"input": sum(c.input_tokens for c in request.calls), "output": sum(c.output_tokens for c in request.calls)}
    return {**sums, "total": request.tokens}


def _tags(request: Request) -> list[Any]:
    tags = {"service.name": request.service, "mlflow.trace.spansLocation": "TRACKING_STORE"}
    if request.outcome != "unfinished":
        tags["otel_mlflow.outcome"] = request.outcome
    if request.version is not None:
        tags["service.version"] = request.version
    if request.status_code is not None:
        tags["http.status_code"] = str(request.status_code)
    if request.has_tag:
        tags["otel_mlflow.summary"] = summary_tag(request)
    return [tables().SqlTraceTag(request_id=request.trace_id, key=key, value=value) for key, value in tags.items()]


def summary_tag(request: Request) -> str:
    """As documented: a call's cost is MLflow's to know."""
    told: dict[str, Any] = {"v": 1, "spans": 1 + len(request.calls) + len(request.tools)}
    took = request.duration_ms or 1
    used: dict[str, list[Any]] = {}
    for call in request.calls:
        row = used.setdefault(call.model, [0, 0, 0, 0, None, 0, took])
        for place, more in zip(
            (0, 1, 2, 3, 5), (1, call.input_tokens, call.output_tokens, call.tokens, took), strict=True
        ):
            row[place] += more
    tried: dict[str, list[int]] = {}
    for tool, works in request.tools:
        row = tried.setdefault(tool, [0, 0, 0, took])
        for place, more in enumerate((1, int(not works), took)):
            row[place] += more
    told |= {"models": {model: [*row, *_durations(row[0], took)] for model, row in used.items()}} if used else {}
    calls = len(request.calls)
    told |= {"names": {"model": [calls, 0, calls * took, took, *_durations(calls, took)]}} if calls else {}
    told |= {"tools": tried} if tried else {}
    told |= {"error": request.error_type} if request.error_type else {}
    return json.dumps(told | ({"ttfb_ms": request.ttfb_ms} if request.ttfb_ms is not None else {}))


def _durations(calls: int, took: int) -> list[list[int]]:
    """Of more than two calls, in which bucket their durations are: 64 buckets to a doubling from 128 ms on."""
    halvings = max(math.floor(math.log2(took)) - 6, 0)
    return [[64 * halvings + math.floor(took / 2**halvings + 0.5), calls]] if calls > 2 else []


def _metadata(request: Request) -> list[Any]:
    if request.user is None:
        return []
    return [tables().SqlTraceMetadata(request_id=request.trace_id, key="mlflow.trace.user", value=request.user)]


def _spans(request: Request, experiment_id: int) -> list[Any]:
    rows = [_span(request, experiment_id, 0, request.route or "nameless", "UNKNOWN")]
    for place, call in enumerate(request.calls):
        kind = "EMBEDDING" if call.model == "embedding" else "CHAT_MODEL"
        rows.append(_span(request, experiment_id, 1 + place, "model", kind, **call.attributes))
        rows[-1].model_name, rows[-1].total_cost = call.model, call.cost
    for place, (tool, works) in enumerate(request.tools):
        rows.append(_span(request, experiment_id, 100 + place, tool, "TOOL", failed=not works))
    return rows


def _span(
    request: Request, experiment_id: int, place: int, name: str, kind: str, *, failed: bool = False, **said: Any
) -> Any:
    """A span as MLflow writes it down: attributes are JSON in JSON."""
    span_id, root_id = (f"{request.number * 1000 + number + 1:016x}" for number in (place, 0))
    start, end = request.time_ms * 1_000_000, (request.time_ms + (request.duration_ms or 1)) * 1_000_000
    attributes = {"mlflow.traceRequestId": request.trace_id, "mlflow.spanType": kind, **said}
    code = "STATUS_CODE_ERROR" if failed else "STATUS_CODE_OK"
    content: dict[str, Any] = {
        "trace_id": _base64(f"{request.number + 1:032x}"),
        "span_id": _base64(span_id),
        "parent_span_id": _base64(root_id) if place else None,
        "name": name,
        "start_time_unix_nano": start,
        "end_time_unix_nano": end,
        "status": {"code": code, "message": ""},
        "attributes": {key: json.dumps(value) for key, value in attributes.items()},
        "events": [],
    }
    return tables().SqlSpan(
        trace_id=request.trace_id,
        experiment_id=experiment_id,
        span_id=span_id,
        parent_span_id=root_id if place else None,
        name=name,
        type=kind,
        status="ERROR" if failed else "OK",
        start_time_unix_nano=start,
        end_time_unix_nano=end,
        content=json.dumps(content),
    )


def _base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def _assessments(request: Request, experiment_id: int) -> list[Any]:
    return [
        tables().SqlAssessments(
            assessment_id=f"a-{request.number:020d}-{place}",
            trace_id=request.trace_id,
            name=given.name,
            assessment_type="expectation" if given.is_expectation else "feedback",
            value=json.dumps(float(given.value) if type(given.value) is int else given.value),
            created_timestamp=request.time_ms,
            last_updated_timestamp=request.time_ms,
            experiment_id=experiment_id,
            trace_timestamp_ms=request.time_ms,
            aggregate_value=_number(given.value),
            source_type="HUMAN",
            source_id="somebody",
            valid=not given.is_overridden,
        )
        for place, given in enumerate(request.given)
    ]


def _number(value: object) -> float | None:
    if isinstance(value, (bool, int, float)):
        return float(value)
    return {"yes": 1.0, "no": 0.0}.get(str(value))
