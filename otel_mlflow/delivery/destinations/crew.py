"""Several blocking calls at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Given = TypeVar("Given")


def for_each(items: Iterable[Given], function: Callable[[Given], None], *, threads: int) -> None:
    """Call `function` on every item, on so many threads; raise the first exception once all have stopped.

    The threads live no longer than the call. A pool's would keep the interpreter from exiting while a backend hangs.
    """
    work = _Shared(items)
    errors: list[BaseException] = []

    def help_out() -> None:
        try:
            for item in work:
                if errors:
                    return
                function(item)
        except BaseException as error:  # noqa: BLE001, raised again below, on the caller's thread
            errors.append(error)

    helpers = [threading.Thread(target=help_out, daemon=True, name="otel-mlflow-sender") for _ in range(threads - 1)]
    for helper in helpers:
        helper.start()
    help_out()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]


class _Shared(Iterator[Given]):
    """One iterator for several threads."""

    def __init__(self, items: Iterable[Given]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()

    def __next__(self) -> Given:
        with self._lock:
            return next(self._items)
