"""What an integration is: one thing that we do with another package, and the private names that it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["class", "function", "object"]


@dataclass(frozen=True)
class PrivateName:
    """`path` is what is looked up in the module: a name, or a class and what is in it."""

    module: str
    path: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.module}.{self.path}"


@dataclass(frozen=True)
class Integration:
    """One thing that we do with another package, and what is missing where it cannot be done."""

    name: str
    distribution: str
    tested: str
    """The versions of the distribution that the tests run with."""
    without: str
    names: tuple[PrivateName, ...]
    needs: tuple[str, ...] = ()
    """The integrations that this one builds on."""
    since: str = ""
    """The version of the distribution that brought what this is about: before, there is nothing to lean on."""
    self_test: Callable[[], str | None] | None = None
    """Tries in milliseconds what the names are used for; answers what does not work."""
    on_use: bool = False
    """Whether it is checked when it is used for the first time, because not every application uses it."""


def private_names(module: str, **kinds: str) -> tuple[PrivateName, ...]:
    """Names of one module: the keyword says the kind, its words the names."""
    found = {"classes": "class", "functions": "function", "objects": "object"}
    return tuple(
        PrivateName(module, path, found[kind])  # type: ignore[arg-type]
        for kind, paths in kinds.items()
        for path in paths.split()
    )
