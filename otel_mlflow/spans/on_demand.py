"""What most spans and traces do without is made when somebody asks for it: each object less on a request's way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class OnDemand(Generic[T]):
    """An attribute that is made when it is read first, by whichever thread does."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, holder: Any, owner: type) -> T:
        made: T = vars(holder).setdefault(self._name, self._make(holder))
        return made
