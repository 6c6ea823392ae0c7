"""Secrets in addresses.

- `scheme://user:password@host`, also with an `@`, a `/` or a `#` in the password;
- the grant in the answer of an OAuth server: `?code=…&state=…` (RFC 6749, 4.1.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.credentials import is_credential, is_placeholder

Range = tuple[int, int]

_MARK = "://"
_AUTHORITY = re.compile(r"[^\s/?#\"'<>`\\|]*")
_UNTIL_SPACE = re.compile(r"[^\s\"'<>`]{0,2000}")
_PORT = re.compile(r"[^:@]*:\d{1,5}\Z")
_SCHEME = re.compile(r"([A-Za-z][\w.-]*(?:\+[\w.-]+)*)\Z")
_WEB = frozenset({"http", "https", "ws", "wss", "file", "data", "s3", "gs", "git"})
_LONGEST_SCHEME = 40
_GRANT = re.compile(r"(?:\A|[?&])code=([^\s&#\"'<>]{16,2000})")


def may_hold_grant(text: str) -> bool:
    """Say whether a text may hold the answer of an OAuth server."""
    return "code=" in text and "state=" in text


def find_in_addresses(text: str) -> Iterator[Range]:
    """Find what stands before the host, where it has a password or is a credential itself; and grants."""
    if may_hold_grant(text):
        yield from (found.span(1) for found in _GRANT.finditer(text) if is_credential(found[1]))
    place = text.find(_MARK) if "@" in text else -1
    while place >= 0:
        start = place + len(_MARK)
        end = _end_of_userinfo(text, place, start)
        if end > start and _is_secret(text[start:end]):
            yield start, end
        place = text.find(_MARK, max(end, start))


def _end_of_userinfo(text: str, mark: int, start: int) -> int:
    authority = _AUTHORITY.match(text, start)
    end = authority.end() if authority else start
    at = text.rfind("@", start, end)
    if at >= 0 or ":" not in text[start:end] or _PORT.match(text, start, end):
        return at
    scheme = _SCHEME.search(text[max(mark - _LONGEST_SCHEME, 0) : mark])
    if scheme is None or scheme[1].lower() in _WEB:
        return -1
    rest = _UNTIL_SPACE.match(text, start)
    return text.rfind("@", start, rest.end() if rest else start)


def _is_secret(userinfo: str) -> bool:
    user, colon, password = userinfo.partition(":")
    if not colon:
        return is_credential(user)
    return bool(password) and not is_placeholder(password)
