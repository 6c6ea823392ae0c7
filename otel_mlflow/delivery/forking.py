"""A process that forks: threads, locks and connections stay the parent's, and the child starts its own.

A process of `multiprocessing` ends by `os._exit`, past `atexit`, when its own finalizers have run: what it has put in
is written down by one of those, and delivered by whoever finds it.
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from typing import Any, Protocol

_LAST = -100
"""The priority of a finalizer that comes after the application's."""


class Forkable(Protocol):
    """What has something that must not be shared with a child."""

    def before_fork(self) -> None:
        """Hold still."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew."""

    def expect_termination(self) -> None:
        """The process is going to end: write down what there is."""


_forkables: weakref.WeakSet[Forkable] = weakref.WeakSet()


def mind_forks(forkable: Forkable) -> None:
    """Have `forkable` told of every fork for as long as anybody refers to it."""
    _forkables.add(forkable)


def _before() -> None:
    for forkable in list(_forkables):
        forkable.before_fork()


def _after_in_parent() -> None:
    for forkable in list(_forkables):
        forkable.after_fork_in_parent()


def _after_in_child() -> None:
    for forkable in list(_forkables):
        forkable.after_fork_in_child()
    _mind_multiprocessing()


def _mind_multiprocessing() -> None:
    """Have a process of `multiprocessing` write down what there is at its end.

    It forgets all finalizers as it begins, and then calls who has registered for that.
    """
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_end, _finalize)
        if sys.modules["multiprocessing.process"].parent_process() is not None:
            _finalize(_end)


def _finalize(end: Callable[[], None]) -> None:
    util: Any = sys.modules["multiprocessing.util"]
    util.Finalize(None, end, exitpriority=_LAST)


def _end() -> None:
    for forkable in list(_forkables):
        forkable.expect_termination()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)

_mind_multiprocessing()
