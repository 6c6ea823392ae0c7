"""All that can be said of a trace, field by field, and what two traces of the same request have in common."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from mlflow.entities import Span, Trace

Fields = Mapping[str, str]

_MESSAGE_ID = re.compile(r"'id': (?:None|'[0-9a-f-]{36}')")
"""LangGraph gives a message its id while it works: inputs have it or not, by when they are written."""


def observed(trace: Trace) -> Fields:
    """Every field of the trace and of its spans, by a name that it has in each trace of the same request."""
    info = trace.info
    return {
        "state": info.state.value,
        "previews": f"{info.request_preview} → {info.response_preview}",
        "assessments": str(sorted((each.name, str(each.feedback)) for each in info.assessments)),
        **{f"metadata {key}": str(value) for key, value in info.trace_metadata.items()},
        **{f"tag {key}": str(value) for key, value in info.tags.items()},
        **_of_spans(trace.data.spans),
    }


def differences(one: Trace, other: Trace) -> dict[str, tuple[str | None, str | None]]:
    """The fields that are not the same, with both values."""
    first, second = observed(one), observed(other)
    return {
        name: (first.get(name), second.get(name))
        for name in sorted({*first, *second})
        if first.get(name) != second.get(name)
    }


def _of_spans(spans: list[Span]) -> dict[str, str]:
    """The spans' fields; those of one name and place in any order, for they may have been at work at the same time."""
    by_id = {span.span_id: span for span in spans}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for span in spans:
        for name, value in _fields(span).items():
            found[f"{_place(span, by_id)}: {name}"].append(value)
    return {name: str(sorted(values)) for name, values in found.items()}


def _place(span: Span, by_id: Mapping[str, Span]) -> str:
    parent = by_id.get(span.parent_id or "")
    return f"{_place(parent, by_id)} > {span.name}" if parent is not None else str(span.name)


def _fields(span: Span) -> dict[str, str]:
    events: list[Any] = [(event.name, event.attributes.get("exception.message")) for event in span.events]
    return {
        "type": str(span.span_type),
        "status": f"{span.status.status_code.value} {span.status.description}",
        "events": str(events),
        **{key: _MESSAGE_ID.sub("'id': …", str(value)) for key, value in span.attributes.items()},
    }
