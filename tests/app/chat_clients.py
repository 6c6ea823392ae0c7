"""The clients of model serving that are installed: each is held to the same tests."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.agent.choose import serving_model
from app.agent.serving import ServingModel
from app.settings import ChatClient, DatabricksSettings
from app.workspace import Workspace

_FOUND = find_spec("databricks_langchain")
CHAT_DATABRICKS = Path(_FOUND.origin).parents[1] if _FOUND and _FOUND.origin else None
"""The folder in which databricks-langchain is installed, if it is: `make neighbours` puts it on our path."""
CHAT_CLIENTS: list[ChatClient] = ["httpx", "databricks-langchain"] if CHAT_DATABRICKS else ["httpx"]
ASKED = "/serving-endpoints/.+"
"""Where an endpoint is asked a question."""


def chat_model(client: ChatClient, endpoint: str, **settings: Any) -> ServingModel:
    """The chat model behind the endpoint."""
    own = DatabricksSettings(chat_client=client, serving_endpoint=endpoint, **settings)
    return serving_model(own, Workspace())
