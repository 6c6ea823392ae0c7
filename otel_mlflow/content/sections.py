"""A `key` that what it stands under tells to be a secret: `{"encryption": {"key": …}}`, in structures and in files.

In a configuration file it stands

1. below a name, indented deeper: `encryption:` and below it `key: …`;
2. below a head in brackets: `[encryption]` and below it `key = …`;
3. in braces or brackets on its line: `'crypt' => ['key' => '…']`;
4. after the name of its user, in a JSON document that stands in a text: `{"username": "ada", "key": "…"}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from otel_mlflow.content.credentials import is_opaque, is_reference
from otel_mlflow.content.name_rules import Strength
from otel_mlflow.content.names import SecretNames
from otel_mlflow.content.windows import find_all

Range = tuple[int, int]

_KEY = re.compile(r"^([ \t]{0,40})key[ \t]{0,4}[:=][ \t]{0,4}[\"']?([^\s\"'#]{16,400})", re.MULTILINE)
_SECTION = re.compile(r"([ \t]{0,40})(?:\[([\w. -]{1,60})\]|([\w.-]{1,60}):)[ \t]*\Z")
_INLINE = re.compile(
    r"""(?<![\w.-])([\w.-]{1,60})["']?\]?[ ]{0,4}(?:=>|[:=])\s{0,4}(?:array)?[\[{(]\s{0,20}"""
    r"""["']?key["']?\s{0,4}(?:=>|[:=])\s{0,4}["']([^\s"']{16,400})["']"""
)
_OF_USER = re.compile(
    r"""["']username["']\s{0,4}:\s{0,4}["'][^"'\n]{1,80}["'],\s{0,4}["']key["']\s{0,4}:\s{0,4}["']([^\s"']{16,400})["']"""
)
_LOOK_BACK = 1000


def names_key(section: str, names: SecretNames) -> bool:
    """Say whether what stands under a name, and is called `key`, is a secret."""
    return names.strength(f"{section} key") > Strength.NOTHING


def is_key(value: str) -> bool:
    """Say whether a value called `key` may be one: made up by a machine, and no place where one is kept."""
    return is_opaque(value) and not is_reference(value)


def find_in_sections(text: str, words: Set[bytes], names: SecretNames) -> Iterator[Range]:
    """Find such keys; `words` are those of the text."""
    if b"key" not in words:
        return
    for key in find_all(_INLINE, text):
        if is_key(key[2]) and names_key(key[1], names):
            yield key.span(2)
    yield from (key.span(1) for key in find_all(_OF_USER, text) if is_key(key[1]))
    for key in find_all(_KEY, text) if "\n" in text else ():
        if is_key(key[2]) and names_key(_section_above(text, key.start(), len(key[1])), names):
            yield key.span(2)


def _section_above(text: str, place: int, indent: int) -> str:
    """Read the name of the section that a line at a place is in; empty where it is in none."""
    for line in reversed(text[max(place - _LOOK_BACK, 0) : place].split("\n")):
        section = _SECTION.match(line)
        if section and (section[2] or len(section[1]) < indent):
            return section[2] or section[3]
    return ""
