"""The slide agent under uvicorn, tracing into a real MLflow: what it is asked, and the traces that it leaves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import httpx
from mlflow.entities import Span, Trace

from tests.acceptance.service import Service
from tests.servers.app_server import REPOSITORY
from tests.servers.process import until
from tests.servers.traces import Tree, parse, picture

SECONDS = 90
OUTCOME, TURN_OUTCOME = "otel_mlflow.outcome", "turn.outcome"
ADA = {"X-Forwarded-Email": "ada@example.com"}


class SlideService(Service):
    """The app with the settings in config/, ready to trace."""

    def __init__(
        self,
        app: str = "app.main:app",
        *,
        folder: Path,
        tracking_uri: str,
        environment: Mapping[str, str] | None = None,
        **server: Any,
    ) -> None:
        own = {
            "OTEL_MLFLOW_CONFIG": str(REPOSITORY / "config" / "mlflow.yaml"),
            "SLIDES_DATABASE": str(folder / "slides.db"),
            "SLIDES_ENV_FILE": "",
            **(environment or {}),
        }
        super().__init__(app, folder=folder, tracking_uri=tracking_uri, environment=own, **server)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until tracing has found its experiment, so that answers know the addresses of their traces."""
        until(lambda: self.status()["state"] == "ok", seconds=SECONDS, waiting_for=lambda: str(self.status()))

    def status(self) -> Any:
        """What the light shows."""
        return self.get("/api/tracing/status").json()

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """POST JSON as Ada; the JSON of the answer."""
        answer = httpx.post(self.server.url + path, json=body, headers={**ADA, **headers}, timeout=SECONDS)
        return answer.raise_for_status().json()

    def polled(self, ordered: Any) -> Any:
        """A job when nothing more comes of it."""
        found: dict[str, Any] = {}

        def is_over() -> bool:
            path = f"/api/chat/poll/{ordered['request_id']}"
            found.update(self.get(path, headers=ADA).json())
            return found["status"] not in ("pending", "running")

        until(is_over, seconds=SECONDS, waiting_for=lambda: f"{found}; the log:\n{self.server.log[-3000:]}")
        return found

    def arrived(self, trace_ids: Collection[str], spans: int = 1, tag: str = OUTCOME) -> dict[str, Trace]:
        """These traces, when MLflow has so many spans of each, and the tag: what is known of a trace comes after."""
        found: dict[str, Trace] = {}

        def all_there() -> bool:
            read = {trace.info.trace_id: trace for trace in self.reader.traces()}
            found.update({name: read[name] for name in trace_ids if name in read})
            whole = [one for one in found.values() if len(one.data.spans) >= spans and tag in one.info.tags]
            return len(whole) == len(trace_ids)

        until(all_there, seconds=SECONDS, waiting_for=lambda: f"{len(trace_ids)} traces; {self.status()['counts']}")
        return found

    def trace(self, trace_id: str, spans: int = 1, tag: str = OUTCOME) -> Trace:
        """One trace."""
        return self.arrived([trace_id], spans, tag)[trace_id]

    def grown(self, trace_id: str, tree: str) -> Trace:
        """One trace, when this is its tree: a span that was cut short is there before it has ended."""
        expected, drawn = picture([parse(tree)]), ""

        def found() -> Trace | None:
            nonlocal drawn
            trace = self.trace(trace_id, len(parse(tree)), TURN_OUTCOME)
            drawn = typed_picture(trace)
            return trace if drawn == expected else None

        return until(found, seconds=SECONDS, waiting_for=lambda: f"{expected}\nnot\n{drawn}")

    def wait_for_info(self, trace_id: str, expected: Mapping[str, str]) -> None:
        """Wait until MLflow says this of the trace as a whole: what a turn sets late follows the spans."""

        def said() -> dict[str, str | None]:
            info = self.trace(trace_id).info
            return {"state": info.state.value, "response_preview": info.response_preview, **info.tags}

        until(lambda: expected.items() <= said().items(), seconds=SECONDS, waiting_for=lambda: f"{expected}: {said()}")


def typed_picture(trace: Trace) -> str:
    """The tree with the type of each span, drawn."""
    return picture([_grown(trace.data.spans, span) for span in trace.data.spans if span.parent_id is None])


def _grown(spans: list[Span], span: Span) -> Tree:
    below = tuple(_grown(spans, child) for child in spans if child.parent_id == span.span_id)
    failed = "!" if span.status.status_code.value == "ERROR" else ""
    return Tree(f"{span.name}{failed} ({span.span_type or 'UNKNOWN'})", below)
