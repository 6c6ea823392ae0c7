"""A process that forks: threads, locks and connections stay the parent's, and the child starts its own.

A library's locks are not ours to give back: SQLite's, which all of a process share, for one. Held by a thread that the
child has not got, they stay locked in the child, and whoever opens a database there hangs. So what uses SQLite on a
thread of ours is `fork_unsafe`, and a fork waits for it.

A process of `multiprocessing` ends by `os._exit`, past `atexit`, when its own finalizers have run: what it has put in
is written down by one of those, and delivered by whoever finds it.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Protocol

LONGEST_WAIT = 10.0
"""Seconds that a fork waits at most: a new SQLite store is made in less."""

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


class _ForkUnsafeThreads:
    """The threads that a fork would cut off in the middle of something, and whether one waits for them."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """In a forked child there is none of them."""
        self._changed = threading.Condition()
        self._depths: Counter[int] = Counter()
        self._fork_waits = False

    def enter(self) -> None:
        """Wait for a fork that waits for others; not in the middle of what it waits for."""
        thread = threading.get_ident()
        with self._changed:
            self._changed.wait_for(lambda: not self._fork_waits or self._depths[thread] > 0)
            self._depths[thread] += 1

    def leave(self) -> None:
        """Let a fork go on that waits for this thread."""
        with self._changed:
            self._depths -= Counter({threading.get_ident(): 1})
            self._changed.notify_all()

    def keep_out(self) -> None:
        """Wait until none but this thread is left, and let none in until `let_in()`."""
        self._changed.acquire()
        self._fork_waits = True
        own = {threading.get_ident()}
        self._changed.wait_for(lambda: self._depths.keys() <= own, LONGEST_WAIT)

    def let_in(self) -> None:
        """The fork is over."""
        self._fork_waits = False
        self._changed.notify_all()
        self._changed.release()


_threads = _ForkUnsafeThreads()


@contextmanager
def fork_unsafe() -> Generator[None, None, None]:
    """Have forks wait while this thread is in the block, `LONGEST_WAIT` at most."""
    _threads.enter()
    try:
        yield
    finally:
        _threads.leave()


def _before() -> None:
    _threads.keep_out()
    for forkable in list(_forkables):
        forkable.before_fork()


def _after_in_parent() -> None:
    for forkable in list(_forkables):
        forkable.after_fork_in_parent()
    _threads.let_in()


def _after_in_child() -> None:
    _threads.begin_anew()
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
        if is_worker():
            _finalize(_end)


def is_worker() -> bool:
    """Whether this is a process of `multiprocessing`, which is imported then."""
    process: Any = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _finalize(end: Callable[[], None]) -> None:
    util: Any = sys.modules["multiprocessing.util"]
    util.Finalize(None, end, exitpriority=_LAST)


def _end() -> None:
    for forkable in list(_forkables):
        forkable.expect_termination()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)

_mind_multiprocessing()
