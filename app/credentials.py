"""On whose behalf the workspace is asked in this turn. Held in memory alone: never stored, shown, or traced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(frozen=True)
class UserToken:
    """A person's own token, which no `repr` and no JSON shows."""

    value: str = field(repr=False)


_CURRENT: ContextVar[UserToken | None] = ContextVar("user_token", default=None)


@contextmanager
def on_behalf_of(token: UserToken | None) -> Iterator[None]:
    """Ask the workspace as this person inside; as the app itself where it is None."""
    reset = _CURRENT.set(token)
    try:
        yield
    finally:
        _CURRENT.reset(reset)


def current_user_token() -> UserToken | None:
    """The token of the person for whom this is done."""
    return _CURRENT.get()
