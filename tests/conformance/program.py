"""Runs every scenario in a process of its own, `alone` or in requests to an `instrumented` application.

`python -m tests.conformance.program alone sqlite:///… out.json`
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from starlette.applications import Starlette  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import Response  # noqa: E402

from tests.conformance.observed import observe  # noqa: E402
from tests.conformance.scenarios import SCENARIOS  # noqa: E402
from tests.unit.asgi_calls import Call  # noqa: E402

ANSWERS: dict[str, Any] = {}
"""What each scenario answered to its caller, or raised."""


async def attempt(name: str) -> None:
    """Run one scenario."""
    try:
        answer = SCENARIOS[name]()
        ANSWERS[name] = await answer if inspect.isawaitable(answer) else answer
    except Exception as error:  # noqa: BLE001, what it raises is its answer
        ANSWERS[name] = f"raised {type(error).__name__}: {error}"


def alone(_uri: str) -> tuple[Callable[[str], object], Callable[[], object]]:
    """How a scenario is run with MLflow alone, and how its traces are waited for."""
    # Its queue takes a second to say that it is empty, after each scenario.
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"
    return lambda name: asyncio.run(attempt(name)), mlflow.flush_trace_async_logging


def instrumented(uri: str) -> tuple[Callable[[str], object], Callable[[], object]]:
    """The same in a request."""
    import otel_mlflow

    app = Starlette()

    async def handler(request: Request) -> Response:
        await attempt(request.path_params["name"])
        return Response()

    app.add_route("/{name}", handler)
    settings = otel_mlflow.Settings(tracking_uri=uri, experiment_name="conformance", tracing={"autolog": []})
    traced = otel_mlflow.instrument(app, settings)
    return lambda name: Call(app, f"GET /{name}").run(), traced.flush


def main(how: str, uri: str, out: str) -> None:
    """Run all, and write down what each has left."""
    mlflow.set_tracking_uri(uri)
    experiments = [mlflow.set_experiment(name).experiment_id for name in ("conformance-other", "conformance")]
    run, flush = {"alone": alone, "instrumented": instrumented}[how](uri)
    seen: set[str] = set()
    found: dict[str, Any] = {}
    for name in SCENARIOS:
        run(name)
        flush()
        every = MlflowClient().search_traces(locations=experiments, max_results=500)
        new = [trace for trace in every if trace.info.trace_id not in seen]
        seen |= {trace.info.trace_id for trace in new}
        found[name] = {**observe(new), "answer": ANSWERS[name]}
    Path(out).write_text(json.dumps(found, indent=1, default=str), encoding="utf-8")
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
