"""The server: `python -m tests.frameworks.model_server.server PORT`. `GET /served/{mark}` says what was served."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.frameworks.model_server import anthropic_messages, gemini_content, openai_chat, openai_responses
from tests.frameworks.model_server.behaviour import Prompt, Reply, answer

FORMATS = (openai_chat, openai_responses, anthropic_messages, gemini_content)
PREFIXES = ("", "/v1", "/serving-endpoints", "/ai-gateway/mlflow/v1")
BETWEEN_PIECES = 0.02
"""Seconds between the events of a long stream."""


@dataclass
class Call:
    """One call; `told` are the tokens that the client was told."""

    model: str
    usage: tuple[int, int]
    told: tuple[int, int] | None = None


@dataclass
class Served:
    """The calls that were made for each request."""

    calls: dict[str, list[Call]] = field(default_factory=lambda: defaultdict(list))
    numbers: Any = field(default_factory=itertools.count)

    def begin(self, mark: str, model: str) -> Call:
        """A call has come; it costs other tokens than the one before."""
        number = next(self.numbers)
        self.calls[mark].append(call := Call(model, (100 + number, 10 + number % 7)))
        return call


@dataclass
class Stream:
    """One streamed answer."""

    wire: Any
    body: dict[str, Any]
    reply: Reply
    call: Call
    is_long: bool

    async def events(self) -> AsyncIterator[str]:
        """The events as they are sent; the tokens count as told once the last one was."""
        for event in self.wire.chunks(self.reply, self.body, self.call.usage):
            await asyncio.sleep(BETWEEN_PIECES if self.is_long else 0)
            yield (f"event: {event['type']}\n" if "type" in event else "") + f"data: {json.dumps(event)}\n\n"
        if self.wire is openai_chat:
            yield "data: [DONE]\n\n"
        if self.wire.tells_usage(self.body):
            self.call.told = self.call.usage


def endpoint(wire: Any, served: Served) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of one wire format."""

    async def respond(request: Request) -> Response:
        body = await _body(request)
        prompt: Prompt = wire.read(body)
        call = served.begin(prompt.mark, body.get("model", ""))
        if prompt.failure is not None:
            return JSONResponse(wire.error(prompt.failure), prompt.failure)
        reply = answer(prompt)
        if body.get("stream"):
            stream = Stream(wire, body, reply, call, prompt.is_long)
            return StreamingResponse(stream.events(), media_type="text/event-stream")
        call.told = call.usage
        return JSONResponse(wire.whole(reply, body, call.usage))

    return respond


async def _body(request: Request) -> dict[str, Any]:
    """What is asked, with what the path says of it."""
    body: dict[str, Any] = await request.json()
    if (path := request.path_params) and "method" in path:
        body |= {"model": path["model"], "stream": path["method"].startswith("stream")}
    return body


def application() -> Starlette:
    """All wire formats below all prefixes that clients use."""
    served = Served()

    async def report(request: Request) -> Response:
        return JSONResponse(
            [{"model": call.model, "tokens": call.told} for call in served.calls[request.path_params["mark"]]]
        )

    routes = [
        Route(prefix + wire.PATH, endpoint(wire, served), methods=["POST"]) for prefix in PREFIXES for wire in FORMATS
    ]
    return Starlette(routes=[*routes, Route("/served/{mark}", report)])


if __name__ == "__main__":
    uvicorn.run(application(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
