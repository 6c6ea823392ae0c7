"""The LangChain run behind a span."""

from __future__ import annotations

from types import FrameType

from otel_mlflow.spans.generators import module_of

_CORE = "langchain_core."
"""Whose runs are nothing but steps, each in a context with LangChain's own."""


class LangChainRun:
    """The LangChain run whose callback made a span current.

    `run_id` is LangChain's own object: a UUID is compared far sooner than written as text. `leaf` is one of a model or
    a retriever, whose body has no context of its own; `own_context` says whether the others have.
    `all_in_context` says that nothing of the body is outside of it, as LangGraph's own work between two steps is.
    `opener` is the task or thread that made the span current, `body` the call that told of the run, until the run ends.
    """

    __slots__ = ("all_in_context", "body", "is_model", "leaf", "opener", "own_context", "run_id")

    def __init__(
        self, run_id: object, span_type: str, *, own_context: bool, opener: int, body: FrameType | None
    ) -> None:
        self.run_id = run_id
        self.opener = opener
        self.body = body
        self.leaf = span_type not in ("CHAIN", "TOOL")
        self.is_model = self.leaf and span_type != "RETRIEVER"
        self.own_context = own_context and not self.leaf
        self.all_in_context = self.own_context and body is not None and module_of(body).startswith(_CORE)
