"""Gates that keep work from going on until the client says so, by its request's id."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict

LONGEST_WAIT = 20.0  # seconds; a gate that nobody opens must not keep a server from ending

_gates: dict[str, threading.Event] = defaultdict(threading.Event)


def release(request_id: str) -> None:
    """Open this request's gate."""
    _gates[request_id].set()


def released(request_id: str) -> None:
    """Wait, in a thread, until this request's gate is open."""
    assert _gates[request_id].wait(LONGEST_WAIT), f"nobody opened the gate of {request_id}"


async def released_async(request_id: str) -> None:
    """Wait, in the event loop, until this request's gate is open."""
    await asyncio.to_thread(released, request_id)
