"""One framework in an application of its own: `python -m tests.frameworks.program NAME MODEL_SERVER OUT`.

Writes what every request was answered, which traces there were, and what the model server served for it.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import sys
import threading
import urllib.parse
import urllib.request
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")

import uvicorn  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from fastapi.responses import StreamingResponse  # noqa: E402
from mlflow.entities import Span, Trace  # noqa: E402
from opentelemetry import trace as trace_api  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402

import otel_mlflow  # noqa: E402
from otel_mlflow.testing import capture  # noqa: E402
from tests.frameworks.exactness import MODELS  # noqa: E402
from tests.frameworks.framework import COLUMNS, Framework  # noqa: E402
from tests.frameworks.rows import framework_class, row_named  # noqa: E402

PROMPTS = {"tools": '[tool add {"a": 1, "b": 2}]', "error": "[fail 400]", "client gone": "[long]"}
AT_ONCE = {"10 at once": 10}
LATE = 3.0
"""Seconds to wait for spans of calls that are told later."""

SETTLED = 20.0
"""Seconds to wait for the end of a request whose client is gone."""


def add_routes(app: FastAPI, framework: Framework) -> None:
    """One route a way of calling."""

    @app.get("/sync")
    def ask(prompt: str) -> str:
        return framework.ask(prompt)

    @app.get("/async")
    async def ask_async(prompt: str) -> str:
        return await framework.ask_async(prompt)

    @app.get("/streamed")
    async def stream(prompt: str) -> StreamingResponse:
        return StreamingResponse(framework.stream(prompt), media_type="text/plain")

    @app.get("/tools")
    async def use_tool(prompt: str) -> str:
        return await framework.use_tool(prompt)


ROUTES = {"10 at once": "async", "error": "async", "client gone": "streamed"}
"""Of the columns that are not named like their route."""


class Served:
    """The application on a server in a thread."""

    def __init__(self, app: FastAPI) -> None:
        self._server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
        threading.Thread(target=self._server.run, daemon=True).start()
        wait_until(lambda: self._server.started)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]

    def request(self, column: str) -> dict[str, Any]:
        """One request, and the mark that it bears."""
        mark = "mark-" + secrets.token_hex(6)
        prompt = urllib.parse.quote(f"{PROMPTS.get(column, 'Hello')} {mark}")
        path = f"/{ROUTES.get(column, column)}?prompt={prompt}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(1) if column == "client gone" else response.read()
        connection.close()
        said = body.decode(errors="replace")[:300]
        return {
            "mark": mark,
            "status": response.status,
            "body": said,
            "trace": response.headers["X-MLflow-Trace-Id"],
        }


def wait_until(condition: Callable[[], bool], *, seconds: float = SETTLED) -> None:
    """Wait until it holds, or long enough."""
    waited = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        waited.wait(0.05)


def run(column: str, served: Served, model_server: str) -> dict[str, Any]:
    """Make the requests of one column."""
    with capture() as traces:
        with ThreadPoolExecutor(AT_ONCE.get(column, 1)) as threads:
            requests = list(threads.map(served.request, [column] * AT_ONCE.get(column, 1)))
        wanted = {each["trace"] for each in requests}
        wait_until(lambda: wanted <= {trace.info.trace_id for trace in traces if has_root(trace)})
        for each in requests:
            with urllib.request.urlopen(f"{model_server}/served/{each['mark']}") as answer:
                each["served"] = [{**call, "cost": cost_of(call)} for call in json.load(answer)]
        calls = sum(len(each["served"]) for each in requests)
        # LiteLLM and LangSmith tell of a call when it is over, on threads of their own.
        wait_until(lambda: sum(map(calls_in, traces)) >= calls, seconds=LATE)
        return {"requests": requests, "traces": [described(trace) for trace in traces if trace.data.spans]}


def calls_in(trace: Trace) -> int:
    """How many calls of models it shows."""
    return sum(span.span_type in MODELS for span in trace.data.spans)


def cost_of(call: dict[str, Any]) -> float | None:
    """What MLflow takes a call for that the model server served; None where it does not know the model's price."""
    from mlflow.tracing import utils

    find_cost = getattr(utils, "calculate_cost_by_model_and_token_usage", None)
    if find_cost is None or call["tokens"] is None:
        return None
    cost = find_cost(call["model"], dict(zip(("input_tokens", "output_tokens"), call["tokens"], strict=True)))
    return cost["total_cost"] if cost else None


def has_root(trace: Trace) -> bool:
    """Whether the request is over: FastAPI ends a span of its own after the last byte."""
    return any(span.parent_id is None for span in trace.data.spans)


def described(trace: Trace) -> dict[str, Any]:
    """A trace as plain data."""
    return {
        "id": trace.info.trace_id,
        "state": str(trace.info.state.value),
        "outcome": trace.info.tags.get("otel_mlflow.outcome"),
        "tokens": tokens_of(trace.data.spans),
        "spans": [described_span(span) for span in trace.data.spans],
    }


def described_span(span: Span) -> dict[str, Any]:
    """A span as plain data."""
    used = span.get_attribute("mlflow.chat.tokenUsage") or {}
    return {
        "id": span.span_id,
        "parent": span.parent_id,
        "name": span.name,
        "type": span.span_type,
        "status": str(span.status.status_code.value),
        "model": span.get_attribute("mlflow.llm.model"),
        "cost": stored_cost(span),
        "tokens": [used.get("input_tokens", 0), used.get("output_tokens", 0)] if used else None,
        "scope": span._span.instrumentation_scope.name if span._span.instrumentation_scope else "",
    }


def stored_cost(span: Span) -> float | None:
    """What a span's call costs by MLflow's store, which works it out as it stores the span."""
    from mlflow.tracing.otel.translation import translate_span_when_storing

    cost = translate_span_when_storing(span)["attributes"].get("mlflow.llm.cost")
    return json.loads(cost).get("total_cost") if cost else None


def tokens_of(spans: Iterable[Span]) -> dict[str, int]:
    """The tokens of a trace, as MLflow's server adds them up."""
    from mlflow.tracing.utils import aggregate_usage_from_spans

    counted: dict[str, int] = aggregate_usage_from_spans(list(spans)) or {}  # type: ignore[arg-type]
    return counted


def main(name: str, model_server: str, out: str) -> None:
    """Run all columns that the framework offers."""
    row = row_named(name)
    if framework_class(row).has_provider:
        trace_api.set_tracer_provider(TracerProvider())
    app = FastAPI()
    settings = otel_mlflow.Settings(
        tracking_uri="http://127.0.0.1:1",
        experiment_name="frameworks",
        tracing={"autolog": list(framework_class(row).flavours)},
        delivery={"spool_dir": str(Path(out).with_suffix(".spool"))},
    )
    tracing = otel_mlflow.instrument(app, settings)
    framework = framework_class(row)()
    framework.prepare()
    add_routes(app, framework)
    served = Served(app)
    results: dict[str, Any] = {"expected": asdict(framework.expected), "version": metadata.version(row.distribution)}
    for column in filter(framework.offers, COLUMNS):
        results[column] = run(column, served, model_server)
    results["status"] = tracing.status().reason
    Path(out).write_text(json.dumps(results, indent=1), encoding="utf-8")
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
