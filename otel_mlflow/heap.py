"""Sparing requests the garbage collector's way through MLflow.

MLflow and LangChain bring some hundred thousand objects that live as long as the process. Python's cyclic collector
goes through all of them in each full collection, and the event loop stands still for it: 100 ms and more, measured by
`benchmarks/overhead.py`. Frozen, they are passed over. What has been made before `freeze()` is still freed when nothing
refers to it any more; only cycles that were garbage already stay.
"""

from __future__ import annotations

import gc


def freeze() -> None:
    """Take what lives now out of the collector's way, unless the application has done so itself."""
    if gc.get_freeze_count() == 0:
        gc.freeze()
