"""What a module of the stand-in is asked, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request; also what is kept of it in `Server.requests`."""

    method: str
    target: str
    """Path and query, as they came."""
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes = field(repr=False)
    identity: str = ""
    """As whom the request came; empty where nobody is asked."""

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.target).path

    def query(self, name: str) -> str:
        """The query parameter, empty when it is missing."""
        return next(iter(self.queries(name)), "")

    def queries(self, name: str) -> list[str]:
        """All values of a repeated query parameter."""
        return parse_qs(urlsplit(self.target).query).get(name, [])

    def json(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body or b"{}")


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON value, or bytes as they are, or events that are sent one by one in chunks."""

    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    events: Iterable[bytes] | None = None

    @property
    def content(self) -> bytes:
        """The bytes of an answer that comes in one piece."""
        return self.body if self.body is not None else json.dumps({} if self.value is None else self.value).encode()


class FailedError(Exception):
    """Raised by a module: Databricks' kind of error answer."""

    def __init__(self, status: int, error_code: str, message: str) -> None:
        super().__init__(message)
        self.reply = Reply({"error_code": error_code, "message": message}, status)


def missing(message: str) -> FailedError:
    """Something that is not there."""
    return FailedError(404, "RESOURCE_DOES_NOT_EXIST", message)


def invalid(message: str) -> FailedError:
    """Something that cannot be meant."""
    return FailedError(400, "INVALID_PARAMETER_VALUE", message)
