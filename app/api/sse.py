"""Server-sent events: how one is written, and the headers that keep proxies from holding them back."""

from __future__ import annotations

import json
from typing import Any

HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
HEARTBEAT = ": heartbeat\n\n"
MEDIA_TYPE = "text/event-stream"


def event(name: str, data: dict[str, Any], number: int | None = None) -> str:
    """One event; with a number, by which a client that was cut off says where it was."""
    identity = f"id: {number}\n" if number is not None else ""
    return f"{identity}event: {name}\ndata: {json.dumps(data)}\n\n"
