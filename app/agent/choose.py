"""Which model and which data the agent works with, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping

from langchain_core.language_models import BaseChatModel

from app.agent import serving_client
from app.agent.agent import SlideAgent, slide_agent
from app.agent.chat_client import Connect
from app.agent.model import EmbeddedSlideModel
from app.agent.serving import ServingModel
from app.data.databricks import DatabricksGenieSpace
from app.data.genie import EmbeddedSpace, GenieSpace
from app.settings import AppSettings, DatabricksSettings
from app.workspace import Workspace


def agent_for(settings: AppSettings, workspace: Workspace) -> SlideAgent:
    """Build the agent. The workspace is not asked anything yet."""
    return slide_agent(_model(settings, workspace), _spaces(settings, workspace))


def _model(settings: AppSettings, workspace: Workspace) -> BaseChatModel:
    if settings.model == "embedded":
        return EmbeddedSlideModel()
    return serving_model(settings.databricks, workspace)


def serving_model(settings: DatabricksSettings, workspace: Workspace) -> ServingModel:
    """The chat model on model serving."""
    return ServingModel(
        endpoint=settings.serving_endpoint,
        workspace=workspace,
        connect=_connect(settings),
        temperature=settings.temperature,
        max_tokens=settings.max_tokens,
        timeout=settings.timeout,
        max_retries=settings.max_retries,
    )


def _connect(settings: DatabricksSettings) -> Connect:
    """With the client of the settings; databricks-langchain takes seconds to import, and need not be there."""
    if not settings.uses_chat_databricks:
        return serving_client.connect
    from app.agent import chat_databricks

    return chat_databricks.connect


def _spaces(settings: AppSettings, workspace: Workspace) -> Mapping[str, GenieSpace]:
    if settings.data == "embedded":
        return {"": EmbeddedSpace()}
    ids = settings.databricks.genie_spaces or {"": settings.databricks.genie_space_id}
    return {name: DatabricksGenieSpace(workspace, space_id) for name, space_id in ids.items()}
