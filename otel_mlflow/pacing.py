"""Where work says that it could rest: some threads of ours do then (`delivery/pacer.py`), all others go on."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Paced(Protocol):
    """What decides when the work on a thread rests."""

    def rest_if_due(self) -> None:
        """Let other threads run if this one has worked long enough."""


class _OfThread(threading.local):
    pacer: Paced | None = None


_of_thread = _OfThread()


def pace(pacer: Paced | None) -> None:
    """Have this thread rest as `pacer` says, or no longer."""
    _of_thread.pacer = pacer


def rest_if_due() -> None:
    """For whatever may take long: let other threads run if this one has worked long enough, and is one that rests."""
    pacer = _of_thread.pacer
    if pacer is not None:
        pacer.rest_if_due()


def paced(items: Iterable[Item]) -> Iterator[Item]:
    """The items; after each of them the work may rest."""
    for item in items:
        yield item
        rest_if_due()
