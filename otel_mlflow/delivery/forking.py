"""A process that forks: threads, locks and connections stay the parent's, and the child starts its own."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """What has something that must not be shared with a child."""

    def before_fork(self) -> None:
        """Hold still."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Begin anew."""


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


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
