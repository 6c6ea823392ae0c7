"""Visiting an application twice, without us and with us."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, TypeVar

from tests.servers.mlflow_server import MlflowServer

VisitedT = TypeVar("VisitedT", covariant=True)


class Visit(Protocol[VisitedT]):
    """Starts an application, visits it, and stops it."""

    def __call__(self, name: str, folder: Path, server: MlflowServer, /, *, traced: bool) -> VisitedT:
        """What was seen."""


def visit_twice(visit: Visit[VisitedT], name: str, folder: Path, server: MlflowServer) -> tuple[VisitedT, VisitedT]:
    """The visits without us and with us."""
    return (
        visit(name, folder / "untraced", server, traced=False),
        visit(name, folder / "traced", server, traced=True),
    )
