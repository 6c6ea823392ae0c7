"""Checks run where nobody has to wait for them.

Libraries have timeouts, but not for all that they do: a resolver that hangs, retries, a lock that others hold.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from otel_mlflow.backends.calls import PATIENT, begin

Answer = TypeVar("Answer")

THREAD = "otel-mlflow-doctor"


def in_background(function: Callable[[], Answer]) -> Future[Answer]:
    """Call `function` on a thread of its own; the future has what it returns or raises."""
    return begin(function, THREAD)[0]


def left_over() -> set[threading.Thread]:
    """The threads of calls that have not come back yet, and of databricks-sdk's calls that those have made."""
    return {thread for thread in threading.enumerate() if thread.name in (THREAD, PATIENT)}
