"""What the schema says beyond what FastAPI finds by itself: errors, and media types of streams and files."""

from __future__ import annotations

from typing import Any

from app.shapes import ConflictShape, ErrorShape, EventName

Responses = dict[int | str, dict[str, Any]]

_WORDS = {
    400: "The request cannot be read.",
    403: "It belongs to somebody else.",
    404: "There is none, or it is somebody else's.",
    409: "A turn of the session is running, or was cancelled; or the deck has moved on: `version` is the current one.",
    422: "The input is not what the schema says; `detail` names the field and what is allowed.",
    500: "A defect of ours; the ids lead to its trace and its log line.",
    502: "The model did not answer, or not with a deck; the deck is as it was.",
}
_TRACE = "tr-0af7651916cd43dd8448eb211c80319c"

TAGS = [
    {"name": "chat", "description": "Turns: a question goes in, an answer and a deck come out."},
    {"name": "sessions", "description": "A person's conversations."},
    {"name": "slides", "description": "The deck of a session, slide by slide."},
    {"name": "feedback", "description": "What people think of answers, on their traces."},
    {"name": "status", "description": "Liveness and tracing."},
]

EVENT_STREAM = (
    "event: session_created\n"
    f'data: {{"session_id": "9f1c2ab0", "trace_id": "{_TRACE}", "trace_url": "http://mlflow/#/experiments/1"}}\n\n'
    "event: assistant\n"
    'data: {"role": "assistant", "content": "North leads.", "timestamp": "2026-01-05T09:30:00Z"}\n\n'
    "event: complete\n"
    'data: {"session_id": "9f1c2ab0", "messages": [], "slide_deck": null, "raw_html": "", "metadata": {}}\n\n'
)
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "description": "its number, where the stream can be resumed"},
        "event": {"enum": [kind.value for kind in EventName]},
        "data": {"type": "string", "contentMediaType": "application/json", "description": "JSON, as the events say"},
    },
}


def failures(*statuses: int) -> Responses:
    """The errors of a route, each with its body."""
    return {status: _failure(status) for status in statuses}


def _failure(status: int) -> dict[str, Any]:
    shape = ConflictShape if status == 409 else ErrorShape
    return {"model": shape, "description": _WORDS[status]}


EVERYWHERE = failures(422, 500)
"""What each route may answer: also those without input have a header, the forwarded user."""


def page(description: str) -> Responses:
    """A 200 that is an HTML document."""
    body = {"schema": {"type": "string"}, "example": "<!DOCTYPE html><html>…</html>"}
    return {200: {"description": description, "content": {"text/html": body}}}


def event_stream(description: str) -> Responses:
    """A 200 that is a stream of server-sent events; the schema is that of one event."""
    body = {"schema": _EVENT, "example": EVENT_STREAM}
    return {200: {"description": description, "content": {"text/event-stream": body}}}
