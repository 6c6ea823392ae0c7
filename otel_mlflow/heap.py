"""`freeze_heap`: sparing requests the garbage collector's way through MLflow.

MLflow and LangChain bring some hundred thousand objects that live as long as the process. Python's cyclic collector
visits all of them in each full collection, and the event loop stands still for it: 100 ms and more, measured by
`benchmarks/overhead.py`. Frozen, they are passed over. But so is whatever else lives then: cycles of the application's
that turn to garbage later stay until the last `Tracing` that froze them is shut down.
"""

from __future__ import annotations

import gc

_holders: set[int] = set()


def freeze(holder: object) -> None:
    """Move every object that lives now out of the collector's generations, for as long as `holder` wants it."""
    if not _holders:
        gc.freeze()
    _holders.add(id(holder))


def unfreeze(holder: object) -> None:
    """Give the objects back to the collector with the last holder."""
    if id(holder) in _holders:
        _holders.remove(id(holder))
        if not _holders:
            gc.unfreeze()
