"""Secrets that a command prints, alone on the line below it.

1. A command that names a secret: `kubectl get secret … -o jsonpath='{.data.password}'`, `op read op://…/password`.
2. A command that makes or shows secrets and need not name one: `pwgen`, `wg genkey`, `pass show mail`,
   `aws ssm get-parameter … --with-decryption`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set

from otel_mlflow.content.credentials import is_credential, is_opaque, is_told_password, may_be_password
from otel_mlflow.content.mentions import Mention
from otel_mlflow.content.name_rules import Strength
from otel_mlflow.content.windows import find_all

Range = tuple[int, int]

_VALUE = r"""["']?([^\s"'<>`=\\]{8,4000}={0,2})["']?[ \t]*(?:\Z|[\r\n])"""
_PRINTS = re.compile(
    r"\b(?:get|read|show|cat|print|printenv|echo|access|jq|yq|base64|create|generate|type|find|lookup|reveal)\b"
    r"|\btoken\Z"
)
_ALONE_BELOW = re.compile(rf"\r?\n[ \t]*{_VALUE}")
_MAKES = (
    r"(?<![\w./-])(?=[acdghklopsw])(?:pwgen|apg|wg[ ]gen(?:key|psk)|openssl[ ]rand|gopass|lpass[ ]show"
    r"|pass[ ](?:show|generate)|keyring[ ]get|secret-tool[ ]lookup|chamber[ ]read|head[ ]-c|dd[ ]if=/dev/u?random"
    r"|aws[ ]ssm[ ]get-parameters?\b(?=[^\n]{0,300}--with-decryption)(?=[^\n]{0,300}\btext\b))"
)
_MAKING = re.compile(_MAKES)
_MADE = re.compile(rf"{_MAKES}(?:[ ][^\n]{{0,300}})?\r?\n[ \t]*{_VALUE}")
_MAKERS = frozenset(b"pwgen apg genkey genpsk rand gopass lpass pass keyring chamber urandom random ssm lookup".split())
_LONGEST_LINE = 1000


def find_printed(text: str, mentions: Sequence[Mention]) -> Iterator[Range]:
    """Find what commands that name a secret print."""
    for mention in mentions:
        end = text.find("\n", mention.end, mention.end + _LONGEST_LINE)
        printed = _ALONE_BELOW.match(text, end - (text[end - 1] == "\r")) if end >= 0 else None
        if printed is None or "/" in printed[1] or not _is_named_secret(printed[1], mention):
            continue
        start = text.rfind("\n", max(mention.start - _LONGEST_LINE, 0), mention.start) + 1
        if _PRINTS.search(text[start:end]):
            yield printed.span(1)


def may_be_made(text: str, words: Set[bytes]) -> bool:
    """Say whether a text may hold such a command; `words` are those of the text."""
    return not _MAKERS.isdisjoint(words) and next(find_all(_MAKING, text), None) is not None


def find_made(text: str, words: Set[bytes]) -> Iterator[Range]:
    """Find what commands print that make or show secrets; `words` are those of the text."""
    if not _MAKERS.isdisjoint(words):
        yield from (found.span(1) for found in find_all(_MADE, text) if _is_secret(found[1]))


def _is_named_secret(printed: str, mention: Mention) -> bool:
    if mention.strength == Strength.ALL:
        return is_told_password(printed)
    return may_be_password(printed) if mention.strength >= Strength.CODES else is_credential(printed)


def _is_secret(printed: str) -> bool:
    return is_told_password(printed) or is_opaque(printed)
