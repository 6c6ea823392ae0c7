"""Secrets in addresses: `scheme://user:password@host`, also with an `@`, a `/` or a `#` in the password.

Without a scheme `user:password@host` is one where the host is this machine, has a number or a port, or is in brackets
as Go has it; elsewhere, where what stands before the `@` has capitals, small letters and digits, or digits in several
places, as names in mail addresses have not. After a mail address, as lists of accounts have it:
`ada@example.com:password`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_mlflow.content.credentials import is_credential, is_placeholder, is_told_password
from otel_mlflow.content.name_rules import is_label

Range = tuple[int, int]

_MARK = "://"
_AUTHORITY = re.compile(r"[^\s/?#\"'<>`\\|]*")
_UNTIL_SPACE = re.compile(r"[^\s\"'<>`]{0,2000}")
_PORT = re.compile(r"[^:@]*:\d{1,5}\Z")
_SCHEME = re.compile(r"([A-Za-z][\w.-]*(?:\+[\w.-]+)*)\Z")
_WEB = frozenset({"http", "https", "ws", "wss", "file", "data", "s3", "gs", "git"})
# What follows a port is no password.
_WEB_USERINFO = re.compile(r"([^\s/?#:@\"'<>`]{1,100}:(?!\d{1,5}[/?#])[^\s/@\"'<>`&=]{1,200})@[\w.-]+")
_USERINFO = re.compile(r"(?<![\w/:@.-])[\w.\\/+-]{1,64}:(?P<quote>[\"']?)([^\s:@/\"'<>]{4,100})(?P=quote)\Z")
_HOST = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|localhost)(?![\w.])|[\w-]{1,63}(?:\.[\w-]{1,63}){0,20}:\d{2,5}(?!\w)")
_NAMED_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,20}")
# The digest of an image is no host.
_BARE_HOST = re.compile(r"(?!sha\d)[a-z][a-z0-9-]{1,62}(?![\w.@-])")
# Of Go's driver for MySQL: `user:password@tcp(host:3306)/name`.
_NETWORKS = ("tcp(", "tcp6(", "unix(")
_MIX = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)|(?:[a-z]+\d+){2}[a-z]")
_AFTER_MAIL = re.compile(
    r"[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[a-z]{2,12}:([^\s:/\"'<>,;]{6,100})(?=\s|\Z|[\"'])(?<!\.[a-z]{2})(?<!\.[a-z]{3})"
)
_COPIES = re.compile(r"\b(?:scp|rsync|sftp|ssh|git|mount|sshfs)\b")
_LONGEST_USERINFO = 170
_LONGEST_SCHEME = 40
_EXAMPLE_USERS = frozenset({"user", "username", "your_user", "your_username"})


def find_in_addresses(text: str) -> Iterator[Range]:
    """Find what stands before the host, where it has a password or is a credential itself."""
    if "@" not in text:
        return
    yield from _without_scheme(text)
    place = text.find(_MARK)
    while place >= 0:
        start = place + len(_MARK)
        end = _end_of_userinfo(text, place, start)
        if end > start and _is_secret(text[start:end]):
            yield start, end
        place = text.find(_MARK, max(end, start))


def _is_listed(text: str, at: int, word: str) -> bool:
    """Say whether a word after a mail address is its password, and no file on a host."""
    return is_told_password(word) and _COPIES.search(text, max(at - _LONGEST_USERINFO, 0), at) is None


def _without_scheme(text: str) -> Iterator[Range]:
    at = text.find("@")
    while at >= 0:
        start = max(at - _LONGEST_USERINFO, 0)
        is_of_go = text.startswith(_NETWORKS, at + 1)
        is_host = is_of_go or _HOST.match(text, at + 1) is not None
        is_named = is_host or _NAMED_HOST.match(text, at + 1) or _BARE_HOST.match(text, at + 1)
        found = _USERINFO.search(text[start:at]) if is_named else None
        is_password = found is not None and _is_password(found, is_of_go=is_of_go)
        if found and is_password and (is_host or _MIX.match(found[2])):
            yield start + found.start(2), start + found.end(2)
        if (after := _AFTER_MAIL.match(text, at + 1)) and _is_listed(text, at, after[1]):
            yield after.span(1)
        at = text.find("@", at + 1)


def _is_password(userinfo: re.Match[str], *, is_of_go: bool) -> bool:
    is_sure = is_of_go or bool(userinfo["quote"])
    return is_told_password(userinfo[2]) if is_sure else is_credential(userinfo[2])


def _end_of_userinfo(text: str, mark: int, start: int) -> int:
    authority = _AUTHORITY.match(text, start)
    end = authority.end() if authority else start
    at = text.rfind("@", start, end)
    has_host = start <= at < end - 1
    if has_host or ":" not in text[start:end] or _PORT.match(text, start, end):
        return at
    scheme = _SCHEME.search(text[max(mark - _LONGEST_SCHEME, 0) : mark])
    if scheme is None:
        return at
    if scheme[1].lower() in _WEB:
        userinfo = _WEB_USERINFO.match(text, start)
        return userinfo.end(1) if userinfo else at
    rest = _UNTIL_SPACE.match(text, start)
    return text.rfind("@", start, rest.end() if rest else start)


def _is_secret(userinfo: str) -> bool:
    user, colon, password = userinfo.partition(":")
    if not colon:
        return is_credential(user)
    is_example = user.lower() in _EXAMPLE_USERS and is_label(password)
    return bool(password) and not (is_placeholder(password) or is_example)
