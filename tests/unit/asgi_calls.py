"""Requests as an ASGI server makes them: message by message, with nothing in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from starlette.types import ASGIApp
from typing_extensions import Self

from otel_mlflow.http.exchange import Message, Scope


class Call:
    """One HTTP request to an ASGI application, and what it answers.

    `request` is such as `POST /ask?lang=en`; `chunks` are the pieces of the body. What is left in `scope` is what the
    application left there.
    """

    def __init__(
        self,
        app: ASGIApp,
        request: str = "GET /",
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        chunks: Iterable[bytes] = (b"",),
        **scope: Any,
    ) -> None:
        method, _, url = request.partition(" ")
        path, _, query = url.partition("?")
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        self.app = app
        self.scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8000),
            **scope,
        }
        self.sent: list[Message] = []
        self.gone = asyncio.Event()
        pieces = list(chunks)
        self._to_receive: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
            for number, piece in enumerate(pieces, 1)
        ]

    def run(self) -> Self:
        """Make the request in an event loop of its own."""
        asyncio.run(self.made())
        return self

    async def made(self) -> Self:
        """Make the request."""
        await self.app(self.scope, self.receive, self.send)
        return self

    async def receive(self) -> Message:
        """What comes from the client: the body, and, when it has gone or has its answer, that."""
        if self._to_receive:
            return self._to_receive.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take what goes to the client."""
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.gone.set()

    @property
    def status(self) -> int:
        """The status of the answer."""
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def chunks(self) -> list[bytes]:
        """The body of the answer as it came."""
        return [message.get("body", b"") for message in self.sent if message["type"] == "http.response.body"]

    @property
    def json(self) -> Any:
        """The body of the answer, a JSON document."""
        return json.loads(b"".join(self.chunks))


async def empty_answer(scope: Scope, receive: Any, send: Any) -> None:
    """An ASGI application: 200, and nothing in it."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
