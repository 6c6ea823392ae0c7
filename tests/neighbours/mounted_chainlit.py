"""The chat that Chainlit loads by its file's name."""

from __future__ import annotations

import chainlit
import mlflow


@chainlit.on_message
async def greet(message: chainlit.Message) -> None:
    with mlflow.start_span("greet"):
        await chainlit.Message(content=f"Hello {message.content}").send()
