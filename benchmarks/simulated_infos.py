"""Trace infos as a search would answer them, of which nobody has to keep the traces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from otel_mlflow.ops.feeds.base import Tally
from otel_mlflow.ops.index.entry import TraceEntry, entry_from_info
from otel_mlflow.status import Experiment
from tests.ops.variety import DAY, END, FIRST, MAIN, Request, variety

SEEDED = 2000
LAST = END - END % DAY
"""The end of the last whole day: hours that are copied by the day keep their place in it."""

PAGE = 500
SPREAD = 20
"""Copies of a user: a few hundred people."""


class SimulatedFeed:
    """A backend of so many traces a day: copies of a few thousand requests of every kind, each with its own session."""

    kind = "simulated"

    def __init__(self, traces_a_day: int) -> None:
        self._gap_ms = DAY / traces_a_day
        self._infos = [_info(request) for request in variety(SEEDED, routes=200, texts=200)]

    def open(self) -> Experiment:
        """There is nothing to connect to."""
        return Experiment(FIRST, FIRST, "")

    def close(self) -> None:
        """Nor to disconnect from."""

    def tallies(self, start_ms: int, end_ms: int, step_ms: int) -> Mapping[int, Tally] | None:
        """Nobody counts."""

    def count(self, start_ms: int, end_ms: int) -> int | None:
        """Nobody counts."""

    def pages(self, start_ms: int, end_ms: int) -> Iterator[list[TraceEntry]]:
        """Evenly spread."""
        numbers = iter(range(round(end_ms / self._gap_ms) - 1, round(start_ms / self._gap_ms) - 1, -1))
        while page := [self._entry(number) for number in islice(numbers, PAGE)]:
            yield page

    def _entry(self, number: int) -> TraceEntry:
        copy, place = divmod(number, SEEDED)
        info = self._infos[place]
        time = datetime.fromtimestamp(number * self._gap_ms / 1000, timezone.utc).isoformat()
        metadata = dict(info["trace_metadata"])
        if "mlflow.trace.user" in metadata:
            metadata["mlflow.trace.user"] += f".{copy % SPREAD}"
            metadata["mlflow.trace.session"] += f".{copy}"
        return entry_from_info(
            {**info, "trace_id": f"tr-{number:032x}", "request_time": time, "trace_metadata": metadata}
        )


def _info(request: Request) -> dict[str, Any]:
    tags = {"mlflow.traceName": request.route, "service.name": MAIN, "otel_mlflow.outcome": request.outcome}
    tags["otel_mlflow.summary"] = _summary(request)
    if request.status_code:
        tags["http.status_code"] = str(request.status_code)
    if request.version:
        tags["service.version"] = request.version
    metadata = {"mlflow.trace.tokenUsage": json.dumps({"total_tokens": request.tokens})} if request.calls else {}
    if request.user and request.session:
        metadata |= {"mlflow.trace.user": request.user, "mlflow.trace.session": request.session}
    return {
        "trace_location": {"mlflow_experiment": {"experiment_id": "1"}},
        "state": "ERROR" if request.outcome in ("error", "cancelled") else "OK",
        "execution_duration": f"{(request.duration_ms or 0) / 1000}s",
        "client_request_id": request.request_id,
        "tags": tags,
        "trace_metadata": metadata,
        "assessments": [{"assessment_name": name, "feedback": {"value": value}} for name, value in request.feedback],
    }


def _summary(request: Request) -> str:
    models = {
        call.model: [1, call.input_tokens, call.output_tokens, call.tokens, call.cost, 90, 90] for call in request.calls
    }
    tools = {name: [1, 0 if works else 1, 40, 40] for name, works in request.tools}
    said = {"v": 1, "spans": 3, "models": models, "tools": tools, "names": {"retrieve": [2, 0, 70, 50]}}
    return json.dumps(said | {"error": request.error_type, "ttfb_ms": request.ttfb_ms})
