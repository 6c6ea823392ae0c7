"""DSPy."""

from __future__ import annotations

from collections.abc import Sequence

import dspy
from typing_extensions import override

from tests.frameworks.framework import Framework


class DSPy(Framework):
    """A prediction."""

    flavours: Sequence[str] = ("dspy",)
    steps = ("Predict.forward",)

    def __init__(self) -> None:
        dspy.configure(lm=dspy.LM("openai/gpt-4o-mini", cache=False, num_retries=0))
        self.predict = dspy.Predict("question -> answer")

    @override
    def ask(self, prompt: str) -> str:
        return str(self.predict(question=prompt).answer)

    @override
    async def ask_async(self, prompt: str) -> str:
        return str((await self.predict.acall(question=prompt)).answer)


class DSPyAuto(DSPy):
    """The same, with each flavour of MLflow's whose library is installed."""

    flavours: Sequence[str] = ("auto",)
