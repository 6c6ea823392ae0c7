"""The value that stands behind the name of a secret in a text, and whether it is hidden.

Cases, in their order:

1. in quotes, escaped or not, or in those of Perl (`q(…)`): to the quote that closes them;
2. in brackets: to the bracket that closes them;
3. bare: to a space; a comma, a semicolon, an ampersand or a bracket ends it only where no more of it can follow,
   because what follows is a space, an end or another name;
4. bare, of a header whose values have spaces: to the end of the line.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from otel_mlflow.content.credentials import (
    is_code,
    is_credential,
    is_dummy,
    is_message,
    is_placeholder,
    is_reference,
    is_type,
    is_word,
)
from otel_mlflow.content.name_rules import Strength, is_class_name, is_label
from otel_mlflow.content.names import is_hidden

# The JSON schema of a secret, in a document that broke off.
_SCHEMA = re.compile(
    r"""\{\s{0,200}["'](?:type["']\s{0,20}:\s{0,20}["'](?:string|object|integer|number|boolean|array)|\$ref|anyOf|oneOf)["']"""
    # What a query of MongoDB asks of one.
    r"""|\{\s{0,20}["']?\$(?:exists|type|size)["']?\s{0,4}:"""
)
_IN_QUOTES = re.compile(r"""["']([^"'\n]*)["']""")
_PART = re.compile(r"[^\s,;:\"'()\[\]{}]+")
_HAS_SIGN = re.compile(r"\w|[^\s\w.,=#*~-]{4}")
# What follows the type of a parameter in Python.
_AFTER_TYPE = re.compile(r"[ ]\|[ ]None\b|\)[ ]->[ ]")
# The type of a parameter in Python, and its default.
_ANNOTATION = re.compile(
    r"(?:str|bytes|int|bool|float|dict|list|tuple|object|Any|Optional|Callable|Mapping|SecretStr)(?:\[[^\r\n=]{0,80}\])?"
    r"(?:[ ]\|[ ]\w{1,20})?(?:[ ]=[ ][\w.]{1,40})?[,:]?"
)
_CLASS = re.compile(r"(?:\w{1,40}\.){0,4}_?[A-Z]\w{2,40}(?:Token|Key|Credentials?|Creds|Cookie|Auth)")
# In Go: `json:"password,omitempty"`.
_STRUCT_TAG = re.compile(r"(?:\w{1,20}:\"[^\"\n]{0,100}\"[ ]?)+")
# In PHP: `'password' => 'required|min:8'`.
_VALIDATION_RULES = re.compile(
    r"(?:required|nullable|sometimes|string|confirmed)(?:\|[a-z_]{2,30}(?::[\w,.]{1,60})?){1,20}"
)
# Quotes by name, of Perl, Ruby and Oracle: `q(…)`, `qq{…}`, `%q[…]`, `q'[…]'`.
_QUOTE_LIKE = re.compile(r"(?:%[qQ]|\bqq?|[qQ]')[ ]?([(\[{<|/!~])")
_QUOTE = re.compile(r"""(?:[bruf]{0,2})(\\*(?:\"{3}|'{3}|["'`]))|([“„«])""")
# What is hidden already, and what says where the value is.
_STAND_IN = re.compile(
    r"\[redacted|\$\{\{[^{}]{0,80}\}\}|\$\{[\w.:-]{1,80}(?:\?[^{}]{0,80})?\}"
    r"|\{[a-z_][a-zA-Z_.]{0,40}(?:![rsa])?\}(?![,}])|\$\((?!\s*(?:echo|printf)\b)[^()\n]{1,200}\)|\{\{[^{}]{0,80}\}\}"
    r"|\$[A-Za-z_]{2,40}(?=[ \t])|<[A-Za-z _.-]{1,60}\d{0,2}>|%\(\w+\)s"
    r"|\((?:sensitive value|known after apply|hidden|masked|redacted)\)"
)
# `${PASSWORD:-…}`
_WITH_DEFAULT = re.compile(r"\$\{[\w.]{1,80}(?::[-=]?|-)([^{}\s\"'$]{4,200})\}")
# In a connection string of ODBC.
_BRACED = re.compile(r"\{((?:[^}\r\n]|\}\}|\}(?=[^;\s}\"'])){1,200})\}(?!\})")
_CLOSING = {
    "“": "”",
    "„": "“",
    "«": "»",
    "(": ")",
    "[": "]",
    "{": "}",
    "<": ">",
    "|": "|",
    "/": "/",
    "!": "!",
    "~": "~",
}
_ANOTHER_NAME = r"[\w.$\[\]%-]{1,40}[ \t]?(?:=|:[ \t])"
# A bare value is judged by its beginning, so that names which follow each other without a space cost little.
_LONGEST_JUDGED = 1024
_BARE = re.compile(
    rf"""(?:\[redacted\]|[^\s"'<>`,;&|)\]}}\\]|\\(?![nrt"'])|[,;&|)\]}}]+(?!\s|\Z|[,;&|)\]}}"'`<>\\]|{_ANOTHER_NAME})"""
    rf"""|["'](?![\s,;&|)\]}}<>\\]|\Z|["'])){{1,{_LONGEST_JUDGED}}}"""
)
_BEFORE_BARE = re.compile(
    r"(?:[&!][\w./-]{1,40}\s+)?(?:(?:bearer|basic|digest|negotiate|token|apikey)\s+)?", re.IGNORECASE
)
_SCHEME = re.compile(r"(?:bearer|basic|digest|negotiate|token|apikey|ntlm|aws4[\w-]*)\s+\S", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*")
_FIELD = re.compile(r"(?:[^;\r\n\"']|;(?![ \t]*(?:\Z|[\r\n]|[\w .-]{1,40}=)))*")
# A quotation that does not end goes on to the end.
_NESTING = re.compile(r""""(?:[^"\\]|\\.)*(?:"|\\?\Z)|'(?:[^'\\]|\\.)*(?:'|\\?\Z)|[\[{}\]()]""", re.DOTALL)
_OPENS_NESTING = re.compile(r"""(?!\{[A-Z0-9_-]{3,16}\}[\w/+])[{\[]|\(\s{0,4}["']""")
_END = re.compile(r"[ \t]*(?:\Z|[\r\n,;&|)\]}\"'`<\\#]|[.!?](?:\s|\Z))|[ \t]+" + _ANOTHER_NAME)
# Their values hold spaces and semicolons.
_FILLS_LINE = re.compile(r"(?:set[-_]?)?cookie\Z|authorization\Z|digest\Z", re.IGNORECASE)
_FILLS_HEADER = re.compile(
    r"(?:set[-_]?)?cookie\Z|authorization\Z|digest\Z|signature\Z|websocket-protocol\Z", re.IGNORECASE
)
_FILLS_LINE_IF_ALONE = re.compile(r"passphrase|mnemonic|seed|phrase|codes\Z", re.IGNORECASE)
_LINE_BEGINS = re.compile(
    r"(?:\A|[\r\n])[ \t]*(?:(?:export|set|env|ENV|ARG|setx|-|const|let|var|\$env:)[ \t]*"
    r"|(?:(?i:the|my|your|our|new|old|current)[ ]){1,3})?\Z"
)
_LOOK_BACK = 40


class Value(NamedTuple):
    """A value in a text: where it stands, and how it is written."""

    start: int
    end: int
    is_quoted: bool
    is_nested: bool = False


def read_value(text: str, place: int, name: tuple[int, int], *, is_equals: bool) -> Value | None:
    """Find the value that begins at a place, after the name between two places and an operator."""
    if with_default := _WITH_DEFAULT.match(text, place):
        return Value(*with_default.span(1), is_quoted=True) if is_credential(with_default[1]) else None
    if _STAND_IN.match(text, place):
        return None
    if named := _QUOTE_LIKE.match(text, place):
        return _until_closing(text, named.end(), named[1])
    if quote := _QUOTE.match(text, place):
        is_name_quoted = any(mark in text[name[1] : place] for mark in ("'", '"'))
        return None if not is_name_quoted and _is_closing(text, quote) else _quoted(text, quote)
    start, end = name
    is_field = is_equals and text[max(start - _LOOK_BACK, 0) : start].rstrip(" ")[-1:] == ";"
    if is_field and (braced := _BRACED.match(text, place)):
        return Value(*braced.span(1), is_quoted=True)
    if _OPENS_NESTING.match(text, place):
        return Value(place, _end_of_nesting(text, place), is_quoted=False, is_nested=True)
    if (_FILLS_LINE if is_equals else _FILLS_HEADER).search(text, start, end):
        return _to_end_of_line(text, place, text[start - 1 : start])
    if is_field:
        return _whole(_FIELD.match(text, place))
    if _fills_line(text, start, end, is_equals=is_equals):
        line = _to_end_of_line(text, place, "#" if is_equals else "")
        if line and "=" not in text[line.start : line.end]:
            return line
    before = _BEFORE_BARE.match(text, place)
    found = _BARE.match(text, before.end() if before else place)
    return Value(place, found.end(), is_quoted=False) if found else None


def end_of(text: str, value: Value) -> int:
    """Find where a value ends that is to be hidden: a bare one may be longer than what was judged."""
    end = value.end
    if not (value.is_quoted or value.is_nested) and end - value.start >= _LONGEST_JUDGED:
        while more := _BARE.match(text, end):
            end = more.end()
    return end


def should_hide(text: str, value: Value, strength: int, name: str, *, is_equals: bool) -> bool:
    """Say whether a value is a secret, and no type, expression, message or stand-in for one."""
    content = text[value.start : value.end]
    if not _HAS_SIGN.search(content) or is_placeholder(content) or is_placeholder(content.rstrip(",;")):
        return False
    if not (value.is_quoted or value.is_nested) and _ANNOTATION.fullmatch(content):
        return False
    if strength <= Strength.CODES:
        is_literal = value.is_quoted or (value.is_nested and bool({'"', "'"} & set(content))) or not is_code(content)
        parts = _PART.findall(content) if value.is_nested else [content.rstrip(".,;:!?")]
        return is_literal and any(is_hidden(strength, part) for part in parts)
    if value.is_nested and (_SCHEMA.match(content) or (strength < Strength.ALL and _names_only(content))):
        return False
    if strength < Strength.ALL and (is_reference(content.rstrip(".,;:")) or is_dummy(content.strip("\"'.,;"))):
        return False
    if value.is_quoted or value.is_nested:
        return not (
            is_message(content)
            or is_label(content)
            or is_type(content, whole=True)
            or _STRUCT_TAG.fullmatch(content)
            or _VALIDATION_RULES.fullmatch(content)
        )
    if (number := content.rstrip(".,;:)")).isdigit():
        return (strength == Strength.ALL and len(number) >= len("123")) or len(number) >= len("123456")
    if strength < Strength.ALL and (is_class_name(content.rstrip(".,;:")) or _CLASS.fullmatch(content.rstrip(".,;:"))):
        return False
    return _is_bare_secret(text, value, content, name, is_equals=is_equals)


def _names_only(content: str) -> bool:
    """Say whether all that is in quotes in a nested value names or stands for a secret: `{"token": f"{token}"}`."""
    quoted = [found[1] for found in _IN_QUOTES.finditer(content)]
    return bool(quoted) and all(is_placeholder(part) or is_label(part) for part in quoted)


def _is_bare_secret(text: str, value: Value, content: str, name: str, *, is_equals: bool) -> bool:
    bare = content.rstrip(".,;:)")
    if is_code(bare) or bare.lower() == name.lower() or is_label(bare):
        return False
    if _AFTER_TYPE.match(text, value.end):
        return False
    if is_type(content.lstrip("([<")) and not is_credential(content):
        return False
    if _SCHEME.match(content):
        return True
    if " " in content:
        if is_code(content.partition(" ")[0]):
            return False
        is_variable = is_equals and name.isupper()
        return is_variable or not all(map(is_word, content.split()[:8])) or bool(_FILLS_LINE_IF_ALONE.search(name))
    if is_equals or not is_word(content):
        return True
    return _END.match(text, value.end) is not None and not is_message(content)


def _quoted(text: str, quote: re.Match[str]) -> Value:
    opening, start = quote[1] or quote[2], quote.end()
    if opening in _CLOSING:
        return _until_closing(text, start, opening)
    mark = opening.lstrip("\\")
    closing = _closing(mark, len(opening) - len(mark)).search(text, start)
    return Value(start, closing.start() if closing else len(text), is_quoted=True)


def _until_closing(text: str, start: int, opening: str) -> Value:
    end = text.find(_CLOSING[opening], start)
    return Value(start, end if end >= 0 else len(text), is_quoted=True)


def _closing(mark: str, escapes: int) -> re.Pattern[str]:
    """Write a pattern for a closing quote: escaped no deeper than the opening one, and not between two letters."""
    inside = r"(?![^\W_])" if mark in ("'", '"') else ""
    return re.compile(rf"(?<!\\)\\{{0,{escapes}}}{mark}(?!{mark}){inside}")


def _is_closing(text: str, quote: re.Match[str]) -> bool:
    """Say whether a quote ends a text that names a secret and has no value for it: `input("Password: ")`."""
    mark = quote[1]
    if not mark or (text[quote.end() : quote.end() + 1] or ")") not in ")],;} \n":
        return False
    line = text.rfind("\n", max(quote.start() - 500, 0), quote.start()) + 1
    return text.count(mark, max(line, quote.start() - 500), quote.start(1)) % 2 == 1


def _end_of_nesting(text: str, start: int) -> int:
    depth = 0
    for mark in _NESTING.finditer(text, start):
        depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(mark[0], 0)
        if depth == 0:
            return mark.end()
    return len(text)


def _fills_line(text: str, start: int, end: int, *, is_equals: bool) -> bool:
    """Say whether the name begins a line of a file in which a value may have spaces: `password = a b c`."""
    if not (is_equals or _FILLS_LINE_IF_ALONE.search(text, start, end)):
        return False
    return _LINE_BEGINS.search(text[max(start - _LOOK_BACK, 0) : start]) is not None


def _to_end_of_line(text: str, place: int, until: str) -> Value | None:
    line = _LINE.match(text, place)
    end = line.end() if line else place
    if until in ("'", '"', "`", "#") and until:
        stop = text.find(until, place, end)
        end = stop if stop > place and (until != "#" or text[stop - 1].isspace()) else end
    content = text[place:end]
    return Value(place, place + len(content.rstrip()), is_quoted=False) if content else None


def _whole(found: re.Match[str] | None) -> Value | None:
    return Value(found.start(), found.end(), is_quoted=False) if found and found[0] else None
