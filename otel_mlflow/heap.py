"""Sparing requests the garbage collector's way through MLflow.

MLflow and LangChain bring some hundred thousand objects that live as long as the process. Python's cyclic collector
visits all of them in each full collection, and the event loop stands still for it: 100 ms and more, measured by
`benchmarks/overhead.py`. A full collection is due when what has grown old since the last one is a quarter of all.

- `settle` has it at the end of start-up, when imports have stood in the way anyway: what they brought counts as old
  then, and does not bring on the next one, in the middle of the first requests.
- `freeze` (the setting `freeze_heap`) has it pass them over. But so is whatever else lives then: cycles of the
  application's that turn to garbage later stay until the last `Tracing` that froze them is shut down.
"""

from __future__ import annotations

import gc

_holders: set[int] = set()
_settled: list[bool] = []


def settle() -> None:
    """Collect once in a process, unless the application has switched the collector off."""
    if not _settled and gc.isenabled():
        _settled.append(True)
        gc.collect()


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
