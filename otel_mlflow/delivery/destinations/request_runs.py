"""The run of a request (`runs.mode: request`): made once, however often its trace is delivered."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any, Protocol

from otel_mlflow.delivery.records import SpooledTrace

TRACE_TAG = "otel_mlflow.trace_id"
"""The tag by which a run names its trace: by it the run is found again.

A request that has joined its caller's trace is named by its span, too: `trace/span`.
"""

FROM_METADATA = ("mlflow.user", "mlflow.source.")
"""What MLflow's own runs have as tags, and traces as metadata: who ran what."""

REMEMBERED = 10_000
"""Runs whose ids are kept in memory; those of others are asked for again where they change."""

AT_ONCE = 100
"""Params, or tags, that MLflow takes in one request (`mlflow.utils.validation.MAX_PARAMS_TAGS_PER_BATCH`)."""


@dataclass(frozen=True)
class RequestRun:
    """The fields of a run, as `TraceRecord.info` has it."""

    name: str
    status: str
    """`FINISHED` or `FAILED`."""
    start_time_ms: int
    end_time_ms: int
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]

    @classmethod
    def from_info(cls, info: dict[str, Any], request: str) -> RequestRun:
        """The run in a trace's info; `request` is what it says of `TRACE_TAG`."""
        metadata: dict[str, str] = info.get("trace_metadata", {})
        context = {key: value for key, value in metadata.items() if key.startswith(FROM_METADATA)}
        fields: dict[str, Any] = info["run"]
        return cls(**{**fields, "tags": {**context, **fields["tags"], TRACE_TAG: request}})


class RunApi(Protocol):
    """The calls that a request's run takes. Each raises what a destination raises."""

    def find(self, experiment_id: str, trace_id: str) -> str | None:
        """The id of the run whose `TRACE_TAG` is this, None where there is none."""

    def create(self, experiment_id: str, run: RequestRun) -> str:
        """Make the run, with its name, start and tags; return its id."""

    def set_tags(self, run_id: str, tags: dict[str, str]) -> None:
        """Set the tags of a run that was made earlier."""

    def log(self, run_id: str, params: dict[str, str], metrics: dict[str, float], at_ms: int) -> None:
        """Log params and metrics; those that are there already are left as they are."""

    def finish(self, run_id: str, run: RequestRun) -> None:
        """Set the run's status, end and name."""

    def end(self, run_id: str, status: str, end_time_ms: int) -> None:
        """Set the status and end of a run that user code started."""


class RequestRuns:
    """The runs in one backend. May be used from several threads at once, for different traces."""

    def __init__(self, api: RunApi) -> None:
        self._api = api
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def run_of(self, trace: SpooledTrace, experiment_id: str) -> str | None:
        """Make the run of a trace, or update it where it is there; return its id, None where there is none."""
        info = json.loads(trace.info)
        end_open_runs(self._api, info)
        if "run" not in info:
            return None
        run = RequestRun.from_info(info, trace.trace_id)
        run_id = make_run(self._api, experiment_id, run, earlier=self._earlier(trace, experiment_id))
        self._remember(trace.trace_id, run_id)
        write_run(self._api, run_id, run)
        return run_id

    def _earlier(self, trace: SpooledTrace, experiment_id: str) -> str | None:
        known = self._known.get(trace.trace_id)
        if known is not None or trace.is_never_sent:
            return known
        return self._api.find(experiment_id, trace.trace_id)

    def _remember(self, trace_id: str, run_id: str) -> None:
        with self._lock:
            self._known[trace_id] = run_id
            if len(self._known) > REMEMBERED:
                del self._known[next(iter(self._known))]


def end_open_runs(api: RunApi, info: dict[str, Any]) -> None:
    """End the runs that user code has left open, as a trace's info says."""
    for run_id, end in info.get("open_runs", {}).items():
        api.end(run_id, end["status"], end["end_time_ms"])


def make_run(api: RunApi, experiment_id: str, run: RequestRun, *, earlier: str | None) -> str:
    """Make the run with its tags, or set those of the one that was made earlier; return its id."""
    if earlier is None:
        return api.create(experiment_id, run)
    for tags in _in_batches(run.tags):
        api.set_tags(earlier, tags)
    return earlier


def write_run(api: RunApi, run_id: str, run: RequestRun) -> None:
    """Say all of a run that is there."""
    for number, params in enumerate(_in_batches(run.params)):
        api.log(run_id, params, {} if number else run.metrics, run.end_time_ms)
    api.finish(run_id, run)


def _in_batches(values: dict[str, str]) -> list[dict[str, str]]:
    """Params or tags, no more together than a request may hold; one batch at least."""
    items = list(values.items())
    return [dict(items[start : start + AT_ONCE]) for start in range(0, max(1, len(items)), AT_ONCE)]
