"""Secrets on the line below their name.

1. Alone, where the line above asks for it or leads to it: `the following password to proceed:`.
2. Alone, where the line above is the name and nothing else: `Your new password`.
3. As what something was changed to: `New value: …`.
"""

from __future__ import annotations

import re

from otel_mlflow.content.mentions import Mention
from otel_mlflow.content.name_rules import Strength
from otel_mlflow.content.told import told_secret

Range = tuple[int, int]

_ALONE = re.compile(
    r"[^:\r\n\"'{}<>=|]{0,60}(?:[:?][ \t*]*(?:\r?\n|\\n)|(?:\r?\n|\\n){2})(?:\r?\n|\\n){0,2}"
    r"(?:```\w{0,20}(?:\r?\n|\\n))?[ \t>*`]*"
    r"([^\s\"'<>`\\]+)[ \t`]*(?:\Z|[\r\n]|\\n)"
)
_NEXT_LINE = re.compile(
    r"(?:[ ](?:value|key|token|code))?[*_]{0,2}(?:[ ]\([^()\r\n]{1,40}\))?[ \t]{0,4}(?:\r?\n|\\n)[ \t]{0,8}"
    r"([^\s\"'<>`\\]{4,200})[ \t]{0,8}(?:\Z|[\r\n]|\\n)"
)
_BEGINS_LINE = re.compile(r"(?:\A|[\n>]|\\n)[ \t#*_]{0,8}(?:[\w'’-]{1,20}[ ]){0,4}\Z")
_NEW_VALUE = re.compile(r"[^\r\n]{0,80}\r?\n[ \t]{0,8}[Nn]ew value: (\S{6,200})")
_LOOK_BACK = 260


def find_below(text: str, mention: Mention) -> Range | None:
    """Find a secret that stands alone on the line below its name."""
    return told_secret(text, _ALONE.match(text, mention.end), mention) or _below_bare_name(text, mention)


def find_new_value(text: str, mention: Mention) -> Range | None:
    """Find the password that the line below says is the new one."""
    found = _NEW_VALUE.match(text, mention.end) if mention.strength == Strength.ALL else None
    return found.span(1) if found else None


def _below_bare_name(text: str, mention: Mention) -> Range | None:
    found = _NEXT_LINE.match(text, mention.end)
    if found is None or _BEGINS_LINE.search(text[max(mention.start - _LOOK_BACK, 0) : mention.start]) is None:
        return None
    return told_secret(text, found, mention, is_firm=True)
