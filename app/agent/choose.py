"""Which model and which data the agent works with, as the settings say."""

from __future__ import annotations

from langchain_core.language_models import BaseChatModel

from app.agent.agent import SlideAgent, slide_agent
from app.agent.model import EmbeddedSlideModel
from app.data.genie import EmbeddedSpace, GenieSpace
from app.settings import AppSettings


def agent_for(settings: AppSettings, tracking_uri: str | None) -> SlideAgent:
    """Build the agent. What is Databricks' is only imported where it is used."""
    return slide_agent(_model(settings, tracking_uri), _space(settings, tracking_uri))


def _model(settings: AppSettings, tracking_uri: str | None) -> BaseChatModel:
    if settings.model == "embedded":
        return EmbeddedSlideModel()
    from app.agent.serving import ServingModel
    from app.workspace import workspace_client

    return ServingModel(endpoint=settings.databricks.serving_endpoint, workspace=workspace_client(tracking_uri))


def _space(settings: AppSettings, tracking_uri: str | None) -> GenieSpace:
    if settings.data == "embedded":
        return EmbeddedSpace()
    from app.data.databricks import DatabricksGenieSpace
    from app.workspace import workspace_client

    return DatabricksGenieSpace(workspace_client(tracking_uri), settings.databricks.genie_space_id)
