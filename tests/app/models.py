"""Agents over models that say what a test wants them to say, when it wants them to."""

from __future__ import annotations

import threading
from typing import Any

from fastapi import FastAPI
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import BaseMessage

from app.agent.agent import SlideAgent, slide_agent
from app.agent.model import EmbeddedSlideModel
from app.data.genie import EmbeddedSpace
from app.services import services_for
from app.settings import AppSettings


class _Scripted(FakeListChatModel):
    """LangChain's scripted model, which takes tools and never calls them."""

    def bind_tools(self, *args: Any, **kwargs: Any) -> Any:
        """Ignore the tools."""
        return self


class Held(EmbeddedSlideModel):
    """The embedded model, which says nothing until it is let go."""

    reached: threading.Event = threading.Event()
    released: threading.Event = threading.Event()

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self._wait()
        return super()._generate(messages, *args, **kwargs)

    def _stream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self._wait()
        return super()._stream(messages, *args, **kwargs)

    def _wait(self) -> None:
        self.reached.set()
        assert self.released.wait(60), "the test has forgotten the model"


def held() -> Held:
    """A model with events of its own."""
    return Held(reached=threading.Event(), released=threading.Event())


def scripted(*answers: str) -> SlideAgent:
    """An agent whose model gives these answers."""
    return slide_agent(_Scripted(responses=list(answers)), {"": EmbeddedSpace()})


def speak(app: FastAPI, settings: AppSettings, agent: SlideAgent | None) -> None:
    """Put this agent in the place of the embedded one."""
    app.state.services = services_for(settings, agent)  # type: ignore[arg-type]
