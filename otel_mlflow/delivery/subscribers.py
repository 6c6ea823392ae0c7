"""Who wants to know of a change of state."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import MethodType
from typing import Generic, TypeVar

Event = TypeVar("Event")


class Subscribers(Generic[Event]):
    """Callables that are called with each event. A bound method is not kept alive: its object may go."""

    def __init__(self) -> None:
        self.last: Event | None = None
        """The last event; whoever comes later is called with it."""
        self._references: list[Callable[[], Callable[[Event], None] | None]] = []

    def add(self, subscriber: Callable[[Event], None]) -> None:
        """Call it from now on."""
        is_method = isinstance(subscriber, MethodType)
        self._references.append(weakref.WeakMethod(subscriber) if is_method else lambda: subscriber)
        if self.last is not None:
            subscriber(self.last)

    def __call__(self, event: Event) -> None:
        """Call those that are left."""
        self.last = event
        for reference in list(self._references):
            if (subscriber := reference()) is not None:
                subscriber(event)
            else:
                self._references.remove(reference)
