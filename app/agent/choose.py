"""Which model and which data the agent works with, as the settings say."""

from __future__ import annotations

from collections.abc import Mapping

from langchain_core.language_models import BaseChatModel

from app.agent.agent import SlideAgent, slide_agent
from app.agent.model import EmbeddedSlideModel
from app.agent.serving import ServingModel
from app.data.databricks import DatabricksGenieSpace
from app.data.genie import EmbeddedSpace, GenieSpace
from app.settings import AppSettings
from app.workspace import Workspace


def agent_for(settings: AppSettings, workspace: Workspace) -> SlideAgent:
    """Build the agent. The workspace is not asked anything yet."""
    return slide_agent(_model(settings, workspace), _spaces(settings, workspace))


def _model(settings: AppSettings, workspace: Workspace) -> BaseChatModel:
    if settings.model == "embedded":
        return EmbeddedSlideModel()
    databricks = settings.databricks
    return ServingModel(endpoint=databricks.serving_endpoint, workspace=workspace, max_tokens=databricks.max_tokens)


def _spaces(settings: AppSettings, workspace: Workspace) -> Mapping[str, GenieSpace]:
    if settings.data == "embedded":
        return {"": EmbeddedSpace()}
    ids = settings.databricks.genie_spaces or {"": settings.databricks.genie_space_id}
    return {name: DatabricksGenieSpace(workspace, space_id) for name, space_id in ids.items()}
