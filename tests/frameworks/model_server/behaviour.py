"""What the model does, by the words of the prompt.

* `[tool add {"a": 1, "b": 2}]` asks for that tool, if it is offered and has not answered yet.
* `[fail 400]` answers that error.
* `[long]` streams until the client has had enough.
* `mark-…` names the request that the call is made for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_MARK = re.compile(r"mark-[0-9a-f]{12}")
_TOOL = re.compile(r"\[tool (\w+) (\{.*?\})\]")
_FAIL = re.compile(r"\[fail (\d+)\]")
_FINISH = "final_answer"
"""The tool by which agents that only call tools say that they are done."""

PIECES = 400
"""Of a long answer: more than any client waits for."""


@dataclass(frozen=True)
class Prompt:
    """A conversation as far as the model has to know it."""

    said: str
    """All of it, as one text."""
    tool_answers: Sequence[str]
    tools: Sequence[str]

    @property
    def mark(self) -> str:
        """The request that the call is made for."""
        found = _MARK.search(self.said)
        return found[0] if found else ""

    @property
    def failure(self) -> int | None:
        """The status to fail with."""
        found = _FAIL.search(self.said)
        return int(found[1]) if found else None

    @property
    def is_long(self) -> bool:
        """Whether the answer goes on and on."""
        return "[long]" in self.said


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model asks for."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model answers: text, or a tool call."""

    pieces: Sequence[str] = ()
    tool_call: ToolCall | None = None

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


def answer(prompt: Prompt) -> Reply:
    """Decide what to answer."""
    wanted = _TOOL.search(prompt.said)
    # Semantic Kernel puts the name of a plugin before its tools' names.
    tool = next((name for name in prompt.tools if wanted and name.split("-")[-1] == wanted[1]), None)
    if wanted and tool and not prompt.tool_answers:
        return Reply(tool_call=ToolCall(tool, json.loads(wanted[2])))
    text = f"The tool says {prompt.tool_answers[-1]}." if prompt.tool_answers else "That is what I know."
    if _FINISH in prompt.tools:
        return Reply(tool_call=ToolCall(_FINISH, {"answer": text}))
    if "[[ ## answer ## ]]" in prompt.said:
        return Reply([f"[[ ## answer ## ]]\n{text}\n\n[[ ## completed ## ]]"])
    return Reply(
        [f"{number} " for number in range(PIECES)] if prompt.is_long else [f"{word} " for word in text.split()]
    )


def text_of(content: Any) -> str:
    """The text of a message's content, in any of the wire formats."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(text_of(part) for part in content)
    if isinstance(content, dict):
        return text_of(content.get("text") or content.get("content") or content.get("output") or "")
    return ""
