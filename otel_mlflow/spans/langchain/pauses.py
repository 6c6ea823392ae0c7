"""LangGraph's exceptions that are no failures: a graph that waits for a person, a command for the graph above.

LangGraph raises them to leave a node, and tells LangChain's callbacks of an error.
"""

from __future__ import annotations

import sys
from typing import Any

from otel_mlflow.integrations import INTEGRATIONS


def is_pause(error: BaseException) -> bool:
    """Whether the exception is one of LangGraph's own way of leaving a node (`langgraph.errors.GraphBubbleUp`)."""
    if "langgraph.errors" not in sys.modules or not INTEGRATIONS.works("langgraph_pauses"):
        return False
    return any(
        kind.__name__ == "GraphBubbleUp" and kind.__module__ == "langgraph.errors" for kind in type(error).__mro__
    )


def outputs_of(error: BaseException) -> dict[str, Any]:
    """What the graph waits with, as LangGraph itself answers it."""
    raised = error.args[0] if error.args else ()
    interrupts = raised if isinstance(raised, (list, tuple)) else [raised]
    return {"__interrupt__": [getattr(each, "value", str(each)) for each in interrupts]}
