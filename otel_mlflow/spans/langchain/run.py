"""The LangChain run behind a span."""

from __future__ import annotations


class LangChainRun:
    """The LangChain run whose callback made a span current.

    `run_id` is LangChain's own object: a UUID is compared far sooner than written as text. `leaf` is one of a model,
    whose body has no context of its own; `own_context` says whether the others have.
    `opener` is the task or thread that made the span current.
    """

    __slots__ = ("leaf", "opener", "own_context", "run_id")

    def __init__(self, run_id: object, span_type: str, *, own_context: bool, opener: int) -> None:
        self.run_id = run_id
        self.opener = opener
        self.leaf = span_type not in ("CHAIN", "TOOL")
        self.own_context = own_context and not self.leaf
