"""What is wrong with the traces of one column, beside what the model server served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.frameworks.framework import Expected
from tests.frameworks.tool import IN_TOOL

FINISH = re.compile("final_?answer", re.IGNORECASE)
"""In the name of the tool by which an agent says that it is done."""

MODELS = ("CHAT_MODEL", "LLM")
ENDED_BADLY = {"error": ("ERROR", "error"), "client gone": ("ERROR", "cancelled")}
"""The state and the outcome of a trace, where they are not those of a success."""


def faults(column: str, result: dict[str, Any], expected: Expected) -> list[str]:
    """Each as a sentence; none where the column is exact."""
    requests, traces = result["requests"], {trace["id"]: trace for trace in result["traces"]}
    found = [] if len(traces) == len(requests) else [f"{len(requests)} requests left {len(traces)} traces"]
    for request in requests:
        trace = traces.get(request["trace"])
        found += ["a request left no trace"] if trace is None else list(_of_trace(column, request, trace, expected))
    return list(dict.fromkeys(found))


def _of_trace(column: str, request: dict[str, Any], trace: dict[str, Any], expected: Expected) -> Iterator[str]:
    ended = (trace["state"], trace["outcome"])
    if ended != (wanted := ENDED_BADLY.get(column, ("OK", "ok"))):
        yield f"the trace is {ended} instead of {wanted}, answer {request['status']}: {request['body']}"
    yield from _of_calls(column, request["served"], trace, expected)
    yield from _of_tree(trace["spans"], expected)
    if column == "tools":
        yield from _of_tool(trace["spans"], expected)


def _of_calls(column: str, served: list[Any], trace: dict[str, Any], expected: Expected) -> Iterator[str]:
    calls = [span for span in trace["spans"] if span["type"] in MODELS and span["name"] not in expected.steps]
    if len(calls) != len(served):
        yield f"{len(served)} calls of the model are {len(calls)} spans: {[span['name'] for span in calls]}"
    if column == "error" and any(span["status"] != "ERROR" for span in calls):
        yield "the failed call is no error"
    if column in ENDED_BADLY:
        return
    if (told := sorted(call["tokens"] or [0, 0] for call in served)) != (
        seen := sorted(span["tokens"] or [0, 0] for span in calls)
    ):
        yield f"tokens by call are {seen} instead of {told}"
    total = [trace["tokens"].get(key, 0) for key in ("input_tokens", "output_tokens")]
    if total != (wanted := [sum(tokens[side] for tokens in told) for side in (0, 1)]):
        yield f"tokens in all are {total} instead of {wanted}"
    if any(span["model"] is None for span in calls):
        yield "a call does not name its model"
    yield from _of_costs(served, calls)


def _of_costs(served: list[Any], calls: list[dict[str, Any]]) -> Iterator[str]:
    """To the billionth: sums of floating-point numbers differ by their order."""
    asked = sorted(round(call["cost"], 12) for call in served if call["cost"] is not None)
    seen = sorted(round(span["cost"], 12) for span in calls if span["cost"] is not None)
    if seen != asked:
        yield f"costs by call are {seen} instead of {asked}"


def _of_tree(spans: list[dict[str, Any]], expected: Expected) -> Iterator[str]:
    by_id = {span["id"]: span for span in spans}
    roots = [span["name"] for span in spans if span["parent"] not in by_id]
    if len(roots) != 1:
        yield f"the tree has the roots {roots}"
    for span in spans:
        if expected.agent and span["type"] in MODELS and "AGENT" not in _types_above(span, by_id):
            yield f"{span['name']} is below no agent"


def _of_tool(spans: list[dict[str, Any]], expected: Expected) -> Iterator[str]:
    by_id = {span["id"]: span for span in spans}
    inner = [span for span in spans if span["name"] == IN_TOOL]
    tools = [span for span in spans if span["type"] == "TOOL" and not FINISH.search(span["name"])]
    if len(inner) != 1:
        yield f"the tool's own span is there {len(inner)} times"
    if expected.tool_span and len(tools) != 1:
        yield f"the tool's call is {len(tools)} spans: {[span['name'] for span in tools]}"
    if expected.tool_span and inner and tools and by_id.get(inner[0]["parent"]) is not tools[0]:
        yield f"the tool's own span is below {by_id.get(inner[0]['parent'], {}).get('name')}"


def _types_above(span: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> set[str]:
    above = set()
    while (span := by_id.get(span["parent"], {})) and span:
        above.add(span["type"])
    return above
