"""Gates that keep work from going on until the client says so, by its request's id."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

LONGEST_WAIT = 45.0  # seconds; a gate that nobody opens must not keep a server from ending

_WAITING = ThreadPoolExecutor(max_workers=200, thread_name_prefix="gate")
"""More than there are gates at once: in the loop's own executor a few that are closed would hold up all the others."""

_gates: dict[str, threading.Event] = defaultdict(threading.Event)


def release(request_id: str) -> None:
    """Open this request's gate."""
    _gates[request_id].set()


def released(request_id: str) -> None:
    """Wait, in a thread, until this request's gate is open."""
    assert _gates[request_id].wait(LONGEST_WAIT), f"nobody opened the gate of {request_id}"


async def released_async(request_id: str) -> None:
    """Wait, in the event loop, until this request's gate is open."""
    await asyncio.get_running_loop().run_in_executor(_WAITING, released, request_id)
