"""A client of a stream that sees each piece when it is sent, and can leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

from fastapi import FastAPI

SECONDS = 60


class Listener:
    """One POST to the app over ASGI, in a task of its own."""

    def __init__(self, app: FastAPI, path: str, body: Any) -> None:
        self.text = ""
        self.headers: dict[str, str] = {}
        self._body: bytes | None = json.dumps(body).encode()
        self._left = asyncio.Event()
        self._came = asyncio.Condition()
        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path}
        more = {"raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http", "headers": headers}
        self.request = asyncio.create_task(app({**scope, **more, "server": ("t", 80)}, self._receive, self._send))

    async def hears(self, words: str) -> None:
        """Wait until the words have come."""
        async with self._came:
            await asyncio.wait_for(self._came.wait_for(lambda: words in self.text), SECONDS)

    async def leave(self) -> None:
        """Go away, and wait until the app has noticed."""
        self._left.set()
        await asyncio.wait_for(self.request, SECONDS)

    async def _receive(self) -> MutableMapping[str, Any]:
        if (body := self._body) is not None:
            self._body = None
            return {"type": "http.request", "body": body}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        async with self._came:
            self.text += message.get("body", b"").decode()
            self.headers |= {key.decode(): value.decode() for key, value in message.get("headers", ())}
            self._came.notify_all()
