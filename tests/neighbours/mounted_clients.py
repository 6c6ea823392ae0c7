"""Each user interface's own client: `python -m tests.neighbours.mounted_clients NAME URL` prints what it was told."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import httpx

TRANSPORTS = ["websocket"]
PATIENCE = 30.0  # seconds


async def gradio(url: str) -> list[str]:
    """An event through Gradio's queue, and a call of the same function that needs none."""
    from gradio_client import Client

    queued = Client(url, verbose=False, analytics_enabled=False).predict("ada", api_name="/greet")
    called = httpx.post(f"{url}/gradio_api/run/greet", json={"data": ["grace"]}).raise_for_status()
    return [queued, *called.json()["data"]]


async def nicegui(url: str) -> list[str]:
    """The page, and a click on its button over the page's connection."""
    import socketio

    page = httpx.get(f"{url}/").raise_for_status().text
    client_id, element, listener = _button(page)
    seen: asyncio.Queue[str] = asyncio.Queue()
    client = socketio.AsyncClient()
    client.on("update", lambda update: _put_all(seen, re.findall("Hello [a-z]+", json.dumps(update))))
    identity = {name: str(uuid.uuid4()) for name in ("tab_id", "document_id")}
    query = {"client_id": client_id, "next_message_id": "0", "implicit_handshake": "true", **identity}
    await client.connect(
        str(httpx.URL(url, path="/", params=query)),
        socketio_path=f"{httpx.URL(url).path}/_nicegui_ws/socket.io",
        transports=TRANSPORTS,
    )
    await client.emit("event", {"id": element, "client_id": client_id, "listener_id": listener, "args": []})
    answer = await asyncio.wait_for(seen.get(), PATIENCE)
    await client.disconnect()
    return [answer]


def _button(page: str) -> tuple[str, int, str]:
    """The ids by which the page's script tells of a click: of its client, of the button, of who listens."""
    (client_id,) = re.findall("'client_id': '([^']+)'", page)
    begin = page.index("parseElements(String.raw`") + len("parseElements(String.raw`")
    elements: dict[str, Any] = json.JSONDecoder().raw_decode(page, begin)[0]
    (button,) = (number for number, element in elements.items() if element["tag"] == "q-btn")
    (event,) = elements[button]["events"]
    return client_id, int(button), event["listener_id"]


def _put_all(seen: asyncio.Queue[str], texts: list[str]) -> None:
    for text in texts:
        seen.put_nowait(text)


async def chainlit(url: str) -> list[str]:
    """Two messages of one chat."""
    import socketio

    seen: asyncio.Queue[str] = asyncio.Queue()
    client = socketio.AsyncClient()
    client.on(
        "new_message", lambda step: seen.put_nowait(step["output"]) if step["type"] == "assistant_message" else None
    )
    session = {
        "sessionId": str(uuid.uuid4()),
        "clientType": "webapp",
        "userEnv": "{}",
        "chatProfile": "",
        "threadId": "",
    }
    await client.connect(
        str(httpx.URL(url, path="/")), auth=session, socketio_path="/ui/ws/socket.io", transports=TRANSPORTS
    )
    await client.emit("connection_successful")
    answers = []
    for name in ("ada", "grace"):
        step = {"id": str(uuid.uuid4()), "name": "user", "type": "user_message", "output": name, "createdAt": ""}
        await client.emit("client_message", {"message": step, "fileReferences": []})
        answers.append(await asyncio.wait_for(seen.get(), PATIENCE))
    await client.disconnect()
    return answers


CLIENTS: dict[str, Callable[[str], Coroutine[Any, Any, list[str]]]] = {
    "gradio": gradio,
    "nicegui": nicegui,
    "chainlit": chainlit,
}

if __name__ == "__main__":
    name, url = sys.argv[1:]
    print(json.dumps(asyncio.run(CLIENTS[name](url))))  # noqa: T201
