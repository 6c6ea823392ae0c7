"""Traces of classic experiments: info to the workspace, spans as one file to artifact storage.

Three requests a trace, one after the other, because the API wants it so: the info makes the trace, the trace has leave
to write a file, the file is written. Nothing is asked for a trace twice: what was taken before a failure is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan

from otel_mlflow.backends.calls import map_parallel
from otel_mlflow.backends.databricks.artifact_storage import ArtifactStorage, SignedFile
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from
from otel_mlflow.backends.response import Response
from otel_mlflow.delivery.clock import Clock
from otel_mlflow.delivery.destinations.assessments import log_assessment
from otel_mlflow.delivery.destinations.databricks_info import workspace_info
from otel_mlflow.delivery.destinations.databricks_place import Place, Refusals
from otel_mlflow.delivery.destinations.databricks_rate import Rate
from otel_mlflow.delivery.destinations.databricks_span_file import span_file
from otel_mlflow.delivery.destinations.databricks_structure import structured
from otel_mlflow.delivery.destinations.otlp import has_root, spans_in
from otel_mlflow.delivery.destinations.request_runs import RequestRuns
from otel_mlflow.delivery.destinations.trace_info import experiment_location, latest_info
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import TraceNotFoundError

TRACES = "/api/3.0/mlflow/traces"
PARTIAL = "otel_mlflow.partial"
"""Tag of a trace of which a part came before its root: from another process, that went on with it."""

ROOT_FOLLOWS = 2.0
"""Seconds that parts of traces which another process began are held back for it to make them: two that write the same
file at the same time could each lose what the other has."""

Group = Sequence[SpooledTrace]
"""Records of one trace, oldest first."""


class _HalfThereError(Exception):
    """Another process is about to write the trace's file, by all that is seen."""


class ClassicTraces:
    """Traces of the workspace behind `http` whose spans are files in `storage`."""

    def __init__(
        self,
        http: HttpClient,
        storage: ArtifactStorage,
        runs: RequestRuns,
        rate: Rate,
        *,
        backend: str,
        senders: int,
        clock: Clock,
    ) -> None:
        self._http = http
        self._storage = storage
        self._runs = runs
        self._rate = rate
        self._backend = backend
        self._senders = senders
        self._clock = clock
        self._announced: dict[int, dict[str, str]] = {}
        self._stored: set[int] = set()

    def send(self, batch: Sequence[SpooledTrace], place: Place) -> None:
        """Each trace by itself, several at a time."""
        refusals = Refusals(place, self._backend)
        groups: dict[str, list[SpooledTrace]] = {}
        for trace in batch:
            groups.setdefault(trace.trace_id, []).append(trace)
        early: list[Group] = []
        threads = min(self._senders, len(groups))
        map_parallel(groups.values(), lambda group: self._deliver(group, place, refusals, early), threads=threads)
        if early:
            self._clock.sleep(ROOT_FOLLOWS)
            map_parallel(early, lambda group: self._deliver(group, place, refusals, None), threads=threads)
        for trace in batch:
            self._announced.pop(trace.id, None)
            self._stored.discard(trace.id)
        refusals.check(batch)

    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """Create the assessment."""
        log_assessment(
            self._http, self._backend, feedback, f"{TRACES}/{feedback.trace_id}/assessments", feedback.payload
        )

    def _deliver(self, group: Group, place: Place, refusals: Refusals, early: list[Group] | None) -> None:
        """Send what has not been sent of a trace, or put it by in `early`; where that is None, come what may."""
        news = [trace for trace in group if trace.id not in self._stored]
        spans = [structured(span) for span in spans_in(trace.spans for trace in news)]
        sent = [self._send_info(trace, spans, place, refusals) for trace in latest_info(news)]
        try:
            if spans and all(sent):
                self._store(news, spans, place, waits=early is not None)
        except _HalfThereError:
            if early is not None:
                early.append(group)
            return
        self._stored.update(trace.id for trace in news)

    def _send_info(self, trace: SpooledTrace, spans: list[ProtoSpan], place: Place, refusals: Refusals) -> bool:
        """Send the info, if that is not done yet, with its run before it where it is to have one."""
        if trace.id in self._announced:
            return True
        run_id = self._runs.run_of(trace, place.experiment.id)
        earlier = {} if has_root(spans) else self._known(trace.trace_id)
        response = self._start(workspace_info(trace, place.experiment.id, run_id, spans, earlier))
        taken = refusals.takes(response, trace)
        if taken:
            self._announced[trace.id] = _info_in(response).get("tags", {})
        return taken

    def _store(self, group: Group, spans: list[ProtoSpan], place: Place, *, waits: bool) -> None:
        trace_id = group[0].trace_id
        file = self._leave(trace_id, spans, place, waits=waits)
        is_first = has_root(spans) and not any(PARTIAL in self._announced.get(trace.id, ()) for trace in group)
        before = b"" if is_first else self._storage.read(trace_id)
        if waits and not is_first and not before:
            raise _HalfThereError
        self._storage.write(file, span_file(spans, before))

    def _leave(self, trace_id: str, spans: list[ProtoSpan], place: Place, *, waits: bool) -> SignedFile:
        """Leave to write; for a part that came before its trace's root, once the trace has been made for it."""
        try:
            return self._storage.leave_to_write(trace_id)
        except TraceNotFoundError:
            if has_root(spans):
                raise
            if waits:
                raise _HalfThereError from None
        response = self._start(_partial_info(trace_id, spans, place))
        json_from(response, self._backend)
        return self._storage.leave_to_write(trace_id)

    def _known(self, trace_id: str) -> dict[str, Any]:
        """The info that the workspace has of a trace."""
        return _info_in(self._http.get(f"{TRACES}/{trace_id}", {}))

    def _start(self, info: dict[str, Any]) -> Response:
        self._rate.wait()
        return self._http.post_json(TRACES, {"trace": {"trace_info": info}})


def _info_in(response: Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json().get("trace", {}).get("trace_info", {})
    return found


def _partial_info(trace_id: str, spans: list[ProtoSpan], place: Place) -> dict[str, Any]:
    began = min(span.start_time_unix_nano for span in spans)
    return {
        "trace_id": trace_id,
        "trace_location": experiment_location(place.experiment.id),
        "request_time": datetime.fromtimestamp(began / 1e9, timezone.utc).isoformat(),
        "state": "IN_PROGRESS",
        "tags": {PARTIAL: "true"},
    }
