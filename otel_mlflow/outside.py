"""What is none of the application's: excluded requests, and our own threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from typing import Any

from opentelemetry import context as context_api
from opentelemetry.context import Context

OUTSIDE = context_api.create_key("otel-mlflow-outside")
"""Context key: what starts here without a parent of ours is none of ours, or is claimed by whoever starts it."""

CLAIMED = "claimed"
"""The value of that key where the span is going to be taken into a trace by whoever starts it: a request's root."""

OWN_THREAD = "own thread"
"""The value of that key on our own threads."""

NEVER_IMPORTED = frozenset({"litellm"})
"""What MLflow would import for what we let it do: seconds of work, in the middle of which a request that imports the
same libraries finds them half done. MLflow does without where it is not there."""

_context_module: Any = context_api
_SUPPRESSED = {
    key: True
    for key in (
        getattr(_context_module, "_SUPPRESS_INSTRUMENTATION_KEY", None),
        getattr(_context_module, "_SUPPRESS_HTTP_INSTRUMENTATION_KEY", None),
        "suppress_instrumentation",
    )
    if key is not None
}
"""The context keys by which instrumentations leave a call alone; the last is of older ones."""

OWN_CONTEXT = Context({**_SUPPRESSED, OUTSIDE: OWN_THREAD})
"""The context of our own threads: nothing in it is traced or measured as the application's."""


def own_thread(target: Callable[[], object], name: str) -> threading.Thread:
    """A thread of ours, not started yet; whatever instruments threads, nothing in it is the application's."""
    if _IMPORTS not in sys.meta_path:
        sys.meta_path.insert(0, _IMPORTS)

    def run() -> None:
        context_api.attach(OWN_CONTEXT)
        target()

    return threading.Thread(target=run, name=name, daemon=True)


class _NeverOnOurThreads(MetaPathFinder):
    """Hides modules from our own threads."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Nothing is found here; on our own threads, some of it nowhere."""
        if fullname in NEVER_IMPORTED and context_api.get_value(OUTSIDE) == OWN_THREAD:
            raise ModuleNotFoundError(f"{fullname} is not imported on a thread of otel-mlflow", name=fullname)


_IMPORTS = _NeverOnOurThreads()
