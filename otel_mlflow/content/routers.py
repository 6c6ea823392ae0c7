"""Secrets in the configuration of routers, switches and access points.

1. The key of a server that users are asked from, on its line or below: `tacacs server …`, `key 7 …`.
2. What messages are signed with: `message-digest-key 1 md5 …`, `authentication md5 key-string …`.
3. The users of SNMP, `auth sha … priv aes 128 …`, and its communities: `community = "…"`.
4. The key of a wireless network in OpenWrt: `option key '…'`, `wireless.….key='…'`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from otel_mlflow.content.credentials import is_placeholder, is_word
from otel_mlflow.content.windows import find_all

Range = tuple[int, int]

_VALUE = r"""["']?([^\s"'\\|;]{4,200})"""
_SERVER_KEY = re.compile(
    r"(?:tacacs|radius)(?:[ -][\w.]{1,40}){0,6}?(?:[ ]*(?:\r?\n[ \t]{1,8}(?!key)[^\n]{1,100}){0,6}\r?\n[ \t]{1,8}|[ ])"
    rf"key[ ](?:\d[ ])?{_VALUE}"
)
_PEER_KEY = re.compile(rf"isakmp[ ]key[ ](?:\d[ ])?{_VALUE}")
_SIGNING_KEY = re.compile(
    r"(?:message-digest-key[ ]\d{1,5}[ ]md5|authentication-key(?:[ ]\d{1,5}[ ](?:md5|sha\d{0,3}))?|\bmd5[ ]key-string"
    rf"|^[ \t]{{0,8}}key-string)[ ](?:\d[ ])?{_VALUE}",
    re.MULTILINE,
)
_SNMP_USER = re.compile(
    rf"\b(?:md5|sha(?:-?\d{{1,3}})?|3?des|aes(?:[ -]?\d{{3}})?)[ ]{_VALUE}(?=[\s\"'\\]|\Z)", re.IGNORECASE
)
_SNMP_COMMUNITY = re.compile(r"""(?<![\w-])community\\?["']?[ ]{0,4}[:=][ ]{0,4}\\?["']?([^\s"'\\,;]{4,200})""")
_WIRELESS_KEY = re.compile(r"""(?:wireless\.[^\s=]{1,80}\.key=|\boption[ ]key[ ])\\?["']?([^\s"'\\]{8,63})""")
_SIGNERS = frozenset(b"ospf digest standby vrrp ntp chain bgp eigrp rip authentication".split())


def may_configure_router(words: Set[bytes]) -> bool:
    """Say whether a text of these words may have a secret whose name is on a line above."""
    return b"key" in words and not words.isdisjoint({b"tacacs", b"radius", b"string"})


def find_in_routers(text: str, words: Set[bytes]) -> Iterator[Range]:
    """Find such secrets; `words` are those of the text."""
    for pattern in _patterns(words):
        for found in find_all(pattern, text):
            if not (is_word(found[1]) or is_placeholder(found[1])):
                yield found.span(1)


def _patterns(words: Set[bytes]) -> Iterator[re.Pattern[str]]:
    """Choose the patterns that are worth trying."""
    if b"snmp" in words or b"createuser" in words:
        yield _SNMP_USER
        yield _SNMP_COMMUNITY
    if b"key" not in words:
        return
    if b"tacacs" in words or b"radius" in words:
        yield _SERVER_KEY
    if b"isakmp" in words:
        yield _PEER_KEY
    if b"wireless" in words or b"iface" in words:
        yield _WIRELESS_KEY
    if not _SIGNERS.isdisjoint(words):
        yield _SIGNING_KEY
