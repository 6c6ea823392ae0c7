"""Serve some requests, and say what of other packages was first imported by another thread than theirs.

`python -m tests.integration.delivery.importing`; the environment has the settings.
"""

from __future__ import annotations

import sys
import threading

import mlflow
from starlette.types import Receive, Scope, Send

import otel_mlflow
from tests.unit.asgi_calls import Call, empty_answer

SEEN: set[str] = set()

BY_NOBODY_ELSE = ("otel_mlflow", "mlflow.store.db.")
"""Our own modules, and those with which MLflow makes the tables of a new database."""


class NotedImports:
    """A finder that finds nothing, and notes what other threads than the first look for."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Note it."""
        if threading.current_thread() is not threading.main_thread() and not name.startswith(BY_NOBODY_ELSE):
            SEEN.add(name)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer, with a span and a file in it."""
    with mlflow.start_span("work") as span:
        span.set_inputs(
            {"image": mlflow.tracing.attachments.Attachment(content_type="image/png", content_bytes=b"PNG")}
        )
    await empty_answer(scope, receive, send)


def main() -> None:
    """Print the names of the modules, and `all there` where nothing else is wrong."""
    tracing = otel_mlflow.Tracing(otel_mlflow.Settings(runs={"mode": "request"}))
    traced = otel_mlflow.TracingMiddleware(app, tracing=tracing)
    sys.meta_path.insert(0, NotedImports())
    call = Call(traced).run()
    otel_mlflow.log_feedback(call.headers["x-mlflow-trace-id"], "good", True)
    sys.stdout.write(f"{'all there' if tracing.flush(60) else tracing.status()}\n")
    sys.stdout.write(f"imported: {sorted(SEEN & sys.modules.keys() - sys.stdlib_module_names)}\n")
    tracing.shutdown()


main()
