"""A family of shapes: routes, and next to each the whole tree that one request to it must leave in MLflow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Header

from tests.acceptance.shapes.visits import Visit, read_all

Handler = TypeVar("Handler", bound=Callable[..., Any])
RequestId = Annotated[str, Header(alias="X-Request-ID")]
Outcome = Literal["ok", "error", "cancelled"]


@dataclass(frozen=True)
class Shape:
    """One way that a request can go, and what it must leave.

    `tree` is in the notation of tests/servers/traces.py, the HTTP span at its root.
    """

    tree: str
    url: str
    status: int = 200
    outcome: Outcome = "ok"
    visit: Visit = read_all
    raises: bool = False  # an exception reaches the server, which logs its traceback

    def __str__(self) -> str:
        """Its test's name."""
        return self.url.strip("/").replace("/", "-")

    @property
    def root(self) -> str:
        """The HTTP span's name as the notation has it, with a `!` if it fails."""
        return self.tree.partition(">")[0].strip()

    @property
    def method(self) -> str:
        """What a client sends, such as GET."""
        return self.root.rstrip("!").partition(" ")[0]


class Family:
    """Routes that belong together, and their shapes."""

    def __init__(self) -> None:
        self.router = APIRouter()
        self.shapes: list[Shape] = []

    def route(
        self,
        tree: str,
        *,
        url: str = "",
        status: int = 200,
        outcome: Outcome = "ok",
        visit: Visit = read_all,
        raises: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Serve the method and path that the tree's root names, and expect that tree of each request to it.

        `url` is where the client goes when the path has parameters.
        """
        path = _path(tree)
        shape = Shape(tree, url or path, status=status, outcome=outcome, visit=visit, raises=raises)

        def register(handler: Handler) -> Handler:
            self.shapes.append(shape)
            self.router.add_api_route(path, handler, methods=[shape.method], response_model=None)
            return handler

        return register


def _path(tree: str) -> str:
    return tree.partition(">")[0].strip().rstrip("!").partition(" ")[2]
