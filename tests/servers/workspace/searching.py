"""The part of MLflow's search language that our code and tests use: comparisons joined by AND, and pages."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from tests.servers.workspace.asked import invalid

_COMPARISON = re.compile(r"(?P<field>[\w.]+(?:`[^`]+`)?)\s*(?P<sign>=|!=|>=|<=|>|<)\s*'?(?P<value>[^']*)'?$")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def matcher(text: str, look_up: Callable[[dict[str, Any], str], Any]) -> Callable[[dict[str, Any]], bool]:
    """Whether an entity fulfils the filter; `look_up` finds the value of a field such as `tags.key`."""
    comparisons = [_COMPARISON.match(part.strip()) for part in re.split(r"(?i)\s+AND\s+", text) if part.strip()]
    if not all(comparisons):
        raise invalid(f"Invalid filter string: {text}")

    def matches(entity: dict[str, Any]) -> bool:
        return all(_holds(entity, found, look_up) for found in comparisons if found is not None)

    return matches


def page(found: Sequence[Any], asked: dict[str, Any]) -> tuple[list[Any], str]:
    """The entries that were asked for, and the token for those after them."""
    start = int(asked.get("page_token") or 0)
    end = start + int(asked.get("max_results") or 100)
    return list(found[start:end]), str(end) if end < len(found) else ""


def _holds(entity: dict[str, Any], found: re.Match[str], look_up: Callable[[dict[str, Any], str], Any]) -> bool:
    seen = look_up(entity, found["field"].replace("`", ""))
    if seen is None:
        return False
    wanted = float(found["value"]) if isinstance(seen, (int, float)) else found["value"]
    return _SIGNS[found["sign"]](seen, wanted)
