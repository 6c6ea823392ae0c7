"""Who wants to know of something: a change of state, traces that have arrived."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import MethodType
from typing import Generic, TypeVar

Event = TypeVar("Event")


class Subscribers(Generic[Event]):
    """Callables that are called with each event. A bound method is not kept alive: its object may go."""

    def __init__(self, *, replays: bool = True) -> None:
        self._replays = replays
        self.last: Event | None = None
        """The last event, if it is replayed: whoever comes later is called with it."""
        self._references: list[Callable[[], Callable[[Event], None] | None]] = []

    def add(self, subscriber: Callable[[Event], None]) -> None:
        """Call it from now on. A function that is called already is called once."""
        if any(reference() == subscriber for reference in self._references):
            return
        is_method = isinstance(subscriber, MethodType)
        self._references.append(weakref.WeakMethod(subscriber) if is_method else lambda: subscriber)
        if self.last is not None:
            subscriber(self.last)

    def __call__(self, event: Event) -> None:
        """Call those that are left."""
        if self._replays:
            self.last = event
        for reference in list(self._references):
            if (subscriber := reference()) is not None:
                subscriber(event)
            else:
                self._references.remove(reference)
