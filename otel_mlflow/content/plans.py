"""Secrets in Terraform's configuration and plans that only the type of their resource tells.

`resource "random_password" "db" { result = "…" }`, `resource "aws_ssm_parameter" "key" { value = "…" -> "…" }`
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from otel_mlflow.content.credentials import is_told_password
from otel_mlflow.content.windows import find_all

Range = tuple[int, int]

_RESOURCE = re.compile(
    r"""resource[ ]"[a-z\d]{1,20}_(?:[a-z\d]{1,20}_){0,4}?"""
    r"""(?:password|secret|ssm_parameter|token)s?"[ ]"[^"\n]{1,100}"[ ]\{"""
)
_BLOCK = re.compile(r"(?:[^{}]|\$\{[^{}]{0,100}\}){0,4000}")
_VALUE = re.compile(
    r"""^[ \t+~-]{0,20}(?:value|result|plaintext_value|secret_value)[ \t]{1,30}=[ ]"([^"\n]{1,400})\""""
    r"""(?:[ ]->[ ]"([^"\n]{1,400})")?""",
    re.MULTILINE,
)


def may_hold_resource(words: Set[bytes]) -> bool:
    """Say whether a text of these words may hold such a resource whose type has no name of a secret in it."""
    return b"resource" in words and b"ssm" in words


def find_in_resources(text: str, words: Set[bytes]) -> Iterator[Range]:
    """Find such values; `words` are those of the text."""
    if b"resource" not in words or '"' not in text:
        return
    for resource in find_all(_RESOURCE, text):
        block = _BLOCK.match(text, resource.end())
        for value in _VALUE.finditer(text, resource.end(), block.end()) if block else ():
            groups = [group for group in (1, 2) if value[group]]
            yield from (value.span(group) for group in groups if is_told_password(value[group]))
