"""The tool that the models ask for. A span is opened in it: it has to be under the tool's own."""

from __future__ import annotations

import mlflow

IN_TOOL = "in the tool"


def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: The first.
        b: The second.

    """
    with mlflow.start_span(IN_TOOL):
        return a + b


SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
}
"""Its parameters."""
