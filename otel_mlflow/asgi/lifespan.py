"""The application's lifespan: delivery starts with it, and has delivered before it ends.

Servers end a process soon after `lifespan.shutdown.complete`: uvicorn by the signal it was sent, gunicorn's and
granian's workers without `atexit`. So what is finished is written down and delivered before that message is passed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread

from otel_mlflow.errors import TracingSetupError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from otel_mlflow.tracing import Tracing

_ENDS = ("lifespan.shutdown.complete", "lifespan.shutdown.failed")


async def drain(tracing: Tracing) -> None:
    """Write down and deliver, while the event loop goes on."""
    await to_thread.run_sync(tracing.drain, limiter=CapacityLimiter(1), abandon_on_cancel=True)


async def run_lifespan(app: ASGIApp, tracing: Tracing, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application's lifespan inside ours."""
    try:
        tracing.start()
    except TracingSetupError as error:
        # An exception would tell the server that the application has no lifespan, and it would go on without.
        await receive()
        await send({"type": "lifespan.startup.failed", "message": f"TracingSetupError: {error}"})
        return

    async def send_when_drained(message: Message) -> None:
        if message["type"] in _ENDS:
            await drain(tracing)
        await send(message)

    await app(scope, receive, send_when_drained)
