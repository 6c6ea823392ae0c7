"""Where traces go, and what has arrived there."""

from __future__ import annotations

from pathlib import Path

from tests.servers.mlflow_server import MlflowServer
from tests.servers.traces import TraceReader


class LateServer(MlflowServer):
    """A server that is not up before it is told to start."""

    def __init__(self, folder: Path) -> None:
        self._is_made = False
        super().__init__(folder)
        self._is_made = True

    def start(self) -> None:
        """Start it."""
        if self._is_made:
            super().start()


def stored_in(server: MlflowServer, experiment: str) -> dict[str, int]:
    """The traces that MLflow holds of an experiment, and how many spans each has; checks that none is there twice."""
    traces = TraceReader(server.url, experiment).traces()
    assert len({trace.info.trace_id for trace in traces}) == len(traces), "a trace is there twice"
    return {trace.info.trace_id: len(trace.data.spans) for trace in traces}
