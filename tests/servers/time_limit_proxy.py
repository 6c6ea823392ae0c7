"""A proxy that lets no connection last longer than so many seconds, as those in front of hosted apps do."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from types import TracebackType
from urllib.parse import urlsplit

from typing_extensions import Self


class TimeLimitProxy:
    """Stands before the server at `target`; use as a context manager. `cut` counts the connections that were cut."""

    def __init__(self, target: str, *, seconds: float) -> None:
        place = urlsplit(target)
        self._target = (str(place.hostname), int(place.port or 80))
        self._seconds = seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.cut = 0
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._relay, "127.0.0.1", 0)

    async def _stop(self) -> None:
        self._server.close()
        own = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not own]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(*self._target)
        ways = [
            asyncio.ensure_future(_copy(reader, their_writer)),
            asyncio.ensure_future(_copy(their_reader, writer)),
        ]
        try:
            done, _ = await asyncio.wait(ways, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            self.cut += not done
        finally:
            for way in ways:
                way.cancel()
            writer.close()
            their_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
