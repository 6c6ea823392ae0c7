"""What the routes work with, built once when the app is."""

from __future__ import annotations

from dataclasses import dataclass

from app.agent.agent import SlideAgent, slide_agent
from app.agent.model import EmbeddedSlideModel
from app.data.genie import EmbeddedSpace
from app.settings import AppSettings


@dataclass(frozen=True)
class Services:
    """The agent, and the `mode` by which answers say what kind of model it is."""

    settings: AppSettings
    agent: SlideAgent
    mode: str


def embedded(settings: AppSettings) -> Services:
    """The services that need nothing but this machine."""
    return Services(settings, slide_agent(EmbeddedSlideModel(), EmbeddedSpace()), mode="embedded")
