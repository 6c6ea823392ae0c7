"""Where work says that it could rest: some threads of ours do then (`delivery/pacer.py`), all others go on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")

A_TURN = 0.0001
"""Seconds: long enough for a waiting thread to get hold of the interpreter."""


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


def give_way() -> None:
    """On a thread that runs no event loop: let one that waits for the interpreter have its turn."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        time.sleep(A_TURN)


def paced(items: Iterable[Item]) -> Iterator[Item]:
    """The items; after each of them the work may rest."""
    for item in items:
        yield item
        rest_if_due()
