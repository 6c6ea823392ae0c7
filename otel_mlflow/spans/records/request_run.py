"""The MLflow run of a request (`runs.mode: request`), as delivery is to make it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from otel_mlflow import mlflow_names
from otel_mlflow.spans.records.content import SpanContent
from otel_mlflow.spans.trace import OpenTrace

if TYPE_CHECKING:
    from otel_mlflow.http.exchange import Exchange
    from otel_mlflow.settings import RunsSettings

LATENCY = "latency_seconds"

MAX_KEY = 250
MAX_PARAM_VALUE = 6000
"""Characters that MLflow has room for (`mlflow.utils.validation`)."""

_STRANGE = re.compile(r"[^/\w.\- ]")
"""What MLflow refuses in the name of a param, a metric or a run's tag; a colon it refuses on Windows."""


class RequestRunWriter:
    """Writes down the run of each request, where they are wanted."""

    def __init__(self, settings: RunsSettings, content: SpanContent) -> None:
        self.are_wanted = settings.mode == "request"
        self._template = settings.name
        self._content = content

    def run(self, trace: OpenTrace, info: dict[str, Any]) -> dict[str, Any] | None:
        """The run of the request behind a trace; None where runs are not wanted, or no request is behind it.

        `info` is what is written of the trace: the run's times, status and tags are the trace's.
        """
        if not self.are_wanted or trace.exchange is None:
            return None
        started, duration = info["request_time_ms"], info["execution_duration_ms"]
        return {
            "name": self._name(trace, trace.exchange),
            "status": "FINISHED" if info["state"] == "OK" else "FAILED",
            "start_time_ms": started,
            "end_time_ms": started + duration,
            "params": self._params(trace),
            "metrics": self._metrics(trace),
            "tags": {name_in_run(key): tag for key, tag in info["tags"].items() if _is_the_run_s(key)},
        }

    def _name(self, trace: OpenTrace, exchange: Exchange) -> str:
        name = self._template.format(
            route=exchange.route or "", session_id=trace.metadata.session or "", trace_id=trace.identity.mlflow_trace_id
        )
        return self._content.text(name.strip() or exchange.name)[:MAX_KEY]

    def _params(self, trace: OpenTrace) -> dict[str, str]:
        said = self._content.redacted(trace.metadata.params)
        return {name_in_run(key): str(value)[:MAX_PARAM_VALUE] for key, value in said.items()}

    def _metrics(self, trace: OpenTrace) -> dict[str, float]:
        root = trace.root_summary
        seconds = (root.end_ns - root.start_ns) / 1e9 if root is not None else 0.0
        own = {LATENCY: seconds, **trace.tokens}
        metrics = {**own, **trace.metadata.metrics}
        return {name_in_run(self._content.text(key)): float(value) for key, value in metrics.items()}


def _is_the_run_s(tag: str) -> bool:
    """MLflow's own mean something else on a run, but for the prompts: it links those to both."""
    return tag == mlflow_names.LINKED_PROMPTS or not tag.startswith("mlflow.")


def name_in_run(name: str) -> str:
    """The name of a param, a metric or a tag as MLflow takes it: few characters, and none that lead out of a folder."""
    return posixpath.normpath("/" + _STRANGE.sub("_", name)).strip("/")[:MAX_KEY] or "_"
