"""Other services' words for the person, without what may be a credential in them. Pure."""

from __future__ import annotations

import re

HIDDEN = "…"
LONGEST = 300

_SHAPES = re.compile(r"\bdapi[\w-]+|\beyJ[\w-]+(\.[\w-]+)*|\b[0-9a-fA-F]{32,}\b|[\w+/-]{40,}={0,2}")
_NAMED = re.compile(
    r"(?i)\b(bearer|basic|token|password|secret|signature|authorization|api[_-]?key|sig)\b(['\"]?\s*[:=]?\s*['\"]?)"
    r"[^\s'\",;&]{6,}"
)


def masked(text: str) -> str:
    """The text, short, with tokens by their shape and by the words before them hidden first."""
    hidden = _NAMED.sub(rf"\1\2{HIDDEN}", _SHAPES.sub(HIDDEN, text))
    return hidden if len(hidden) <= LONGEST else hidden[: LONGEST - 1] + HIDDEN
