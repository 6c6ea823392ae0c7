"""Secrets in XML and HTML.

1. An element: `<password>…</password>`, `<ns:Password a="b"><![CDATA[…]]></ns:Password>`, `<password value="…"/>`;
   escaped markup too.
2. An attribute beside the one that names it: `<input name="password" value="…">`, `<add key="ApiKey" value="…"/>`.
3. The content of an element that is named in an attribute: `<entry key="password">…</entry>`.
4. The element after the one that names it: `<key>password</key><string>…</string>`,
   `<label>Password</label><input value="…">`.
5. The cells below the head of a column: `<th>password</th>`.

An attribute of that name, `<user password="…"/>`, is an assignment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from otel_mlflow.content.mentions import Mention
from otel_mlflow.content.name_rules import Strength
from otel_mlflow.content.names import is_hidden

Range = tuple[int, int]

_OPENS_ELEMENT = re.compile(r"(?:<|&lt;|\\u003c)(?:[\w.-]{1,40}:)?\Z", re.IGNORECASE)
_END_OF_TAG = re.compile(r"(?:\s[^<>]{0,1000}?)?(?:(?<!/)>|&gt;|\\u003e)", re.IGNORECASE)
_OPENS_VALUE = re.compile(r"""(?:name|key|id|type|field|property)\s{0,4}=\s{0,4}\\*["']?\Z""", re.IGNORECASE)
_VALUE = re.compile(
    r"""[\s"'](?:value|val|content|defaultvalue)\s{0,4}=\s{0,4}(?:\\*"([^"<>]*?)\\*"|'([^'<>]*)'|([^\s"'<>]+))""", re.I
)
_VALUE_IN_TAG = re.compile(r"""(?:\s[^<>]{0,400}?)?\svalue\s{0,4}=\s{0,4}\\*["']([^"'<>\\]+)""", re.IGNORECASE)
_CONTENT = re.compile(r"[^<>]{0,500}?(?<!/)>\s*(?:<[\w:.-]{1,60}>\s*)?(?:<!\[CDATA\[)?([^<>\s][^<>]*?)(?:\]\]>)?</")
_NEXT_ELEMENT = re.compile(r"\s*</[\w:.-]{1,60}>\s*<([\w:.-]{1,60})[^<>]{0,200}>\s*(?:<[\w:.-]{1,60}>\s*)?([^<>]*)</")
_NEXT_FIELD = re.compile(
    r"""\s*</[\w:.-]{1,60}>\s*<(?:input|option)\b(?![^<>]{0,400}type=\\*["']?(?:submit|button))[^<>]{0,400}?"""
    r"""\svalue=\\*["']([^"'<>\\]+)""",
    re.IGNORECASE,
)
# `<b>Password:</b> …`, `API key: <code>…</code>`, `code is <b>…</b>`
_INLINE = re.compile(
    r"(?:\s{0,4}[:=]|\sis)?\s{0,4}(?:</?(?:b|i|u|em|strong|code|span|font|mark|kbd|tt|samp|small|br)\b[^<>]{0,200}>\s{0,4}"
    r":?\s{0,4}){1,4}([^<>\s]{3,200})",
    re.IGNORECASE,
)
# As JMeter has them: the value before the name.
_VALUE_BEFORE = re.compile(
    r"""name=\\?["'][\w.]{0,40}value\\?["']>([^<>]{1,400})</\w{1,40}>\s{0,80}"""
    r"""(?:<[^<>]{1,120}>[^<>]{0,80}</\w{1,40}>\s{0,80}){0,2}<[^<>]{1,120}name\\?["']>\Z""",
    re.IGNORECASE,
)
_OPENS_HEAD = re.compile(r"<th\b[^<>]{0,200}>\s*(?:<\w{1,10}>)?\Z", re.IGNORECASE)
_CELL = re.compile(r"<(t[hd]|tr|/table)\b[^<>]{0,200}>\s*(?:<\w{1,10}>)?([^<>]{0,2000})", re.IGNORECASE)
_MOST_HEADS = 20
_LONGEST_TABLE = 50_000
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ELEMENT = re.compile(r"([^<&]*(?:&(?!lt;)[^<&]*)*)(?:</|&lt;/|<\\/|\Z)", re.IGNORECASE)
_NESTED = re.compile(r"\s{0,200}<")
_TYPES = frozenset({"submit", "button"})
_LOOK_BACK = 60
_LONGEST_TAG = 1000
_LONGEST_PREFIX = 40


def find_in_markup(text: str, mentions: list[Mention]) -> Iterator[Range]:
    """Find the secrets in elements and attributes."""
    heads = 0
    for mention in mentions:
        before = text[max(mention.start - _LOOK_BACK, 0) : mention.start]
        inline = _INLINE.match(text, mention.end)
        if inline and is_hidden(min(mention.strength, Strength.CODES), inline[1]):
            yield inline.span(1)
        if _OPENS_ELEMENT.search(before):
            found = _content_of_element(text, mention)
        elif _OPENS_VALUE.search(before):
            found = _beside(text, mention)
        elif heads < _MOST_HEADS and _OPENS_HEAD.search(before):
            heads += 1
            found = chain(_after_element(text, mention), _below_head(text, mention))
        elif before.endswith((">", "&gt;")):
            found = chain(_before_element(text, mention), _after_element(text, mention))
        else:
            continue
        yield from (place for place in found if _is_secret(text[slice(*place)], mention.strength))


def _is_secret(content: str, strength: int) -> bool:
    return any(map(str.isalnum, content)) and is_hidden(strength, content)


def _content_of_element(text: str, mention: Mention) -> Iterator[Range]:
    if value := _VALUE_IN_TAG.match(text, mention.end):
        yield value.span(1)
    tag = _END_OF_TAG.match(text, mention.end)
    if tag is None:
        return
    if cdata := _CDATA.match(text, tag.end()):
        yield cdata.span(1)
    elif content := _ELEMENT.match(text, tag.end()):
        if _is_closed(text, mention, content):
            yield content.span(1)
    elif mention.strength > Strength.CREDENTIALS:
        yield from _texts_inside(text, mention, tag.end())


def _is_closed(text: str, mention: Mention, content: re.Match[str]) -> bool:
    """Say whether an element is closed by its name, or broken off in a word; else it is a `<placeholder>`."""
    if content.end() == len(text):
        return len(content[1].split()) == 1 and not content[1][0].isspace()
    name = text[mention.start : mention.end].lower()
    return text[content.end() : content.end() + _LONGEST_PREFIX + len(name)].lower().partition(name)[1] != ""


def _texts_inside(text: str, mention: Mention, start: int) -> Iterator[Range]:
    """Find the texts of all elements in this one."""
    closing = text.find(f"{text[mention.start : mention.end]}>", start)
    if closing < 0 and not _NESTED.match(text, start):
        return
    end = closing if closing >= 0 else len(text)
    for content in re.compile(r">([^<>]+)<").finditer(text, start - 1, end):
        yield content.span(1)


def _beside(text: str, mention: Mention) -> Iterator[Range]:
    opened = text.rfind("<", max(mention.start - _LONGEST_TAG, 0), mention.start)
    closed = text.find(">", mention.end, mention.end + _LONGEST_TAG)
    if opened < 0 or closed < 0 or text.find(">", opened, mention.start) >= 0:
        return
    value = _VALUE.search(text, opened, closed)
    if value is not None:
        yield value.span(value.lastindex or 0)
    elif content := _CONTENT.match(text, mention.end):
        yield content.span(1)


def _after_element(text: str, mention: Mention) -> Iterator[Range]:
    if field := _NEXT_FIELD.match(text, mention.end):
        yield field.span(1)
    following = _NEXT_ELEMENT.match(text, mention.end)
    if following is not None and following[1].lower() not in (*_TYPES, "th"):
        yield following.span(2)


def _before_element(text: str, mention: Mention) -> Iterator[Range]:
    start = max(mention.start - _LONGEST_TAG, 0)
    if value := _VALUE_BEFORE.search(text[start : mention.start]):
        yield start + value.start(1), start + value.end(1)


def _below_head(text: str, mention: Mention) -> Iterator[Range]:
    """Find the cells in the column of a table; those of its rows that have fewer cells are no rows of it."""
    row = text.rfind("<tr", max(mention.start - _LONGEST_TAG * 4, 0), mention.start)
    column = sum(1 for cell in _CELL.finditer(text, max(row, 0), mention.start) if cell[1].lower() != "tr")
    place = 0
    for cell in _CELL.finditer(text, mention.end, mention.end + _LONGEST_TABLE):
        if cell[1].lower() == "/table":
            return
        place = 0 if cell[1].lower() == "tr" else place + 1
        if place == column and cell[1].lower() == "td":
            yield cell.span(2)
