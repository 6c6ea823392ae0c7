"""Classes as a user writes them, what they looked like before `instrument()`, and what has changed since."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool

import otel_mlflow
from tests.acceptance.shapes.model import QUESTION, Model


class Tool(BaseTool):
    """A tool that is a class."""

    name: str = "tool"
    description: str = "Answers."

    def _run(self, country: str) -> str:
        return country


class Upper(Runnable[str, str]):
    """A runnable that is a class."""

    def invoke(self, input: str, config: RunnableConfig | None = None, **_: Any) -> str:
        """Shout."""
        return input.upper()


class Handler(BaseCallbackHandler):
    """Callbacks of the user's own."""


class Api(FastAPI):
    """An application class of the user's own."""


CLASSES = (Model, Tool, Upper, Handler, Api)
before = {cls: {name: getattr(cls, name) for name in dir(cls)} for cls in CLASSES}
served = Api()


@served.get("/replaced")
async def replaced() -> list[str]:
    """Use the classes, then list what is not as it was."""
    agent: Any = create_agent(Model(calls=("tool",)), [Tool()])
    await agent.ainvoke({"messages": [HumanMessage(QUESTION)]}, config={"callbacks": [Handler()]})
    Upper().invoke("quiet")
    return [f"{cls.__name__}.{name}" for cls, was in before.items() for name in dir(cls) if changed(cls, name, was)]


def changed(cls: type, name: str, was: dict[str, Any]) -> bool:
    """Whether an attribute is another one; bound methods are made anew at each access, and only compare equal."""
    return name not in was or (callable(was[name]) and getattr(cls, name) != was[name])


otel_mlflow.instrument(served)
