"""Secrets that are known by their shape, wherever they stand: keys, `Bearer …`, `Basic …`, cards, vendors' tokens."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator, Set

from otel_mlflow.content.cards import find_cards
from otel_mlflow.content.credentials import is_credential
from otel_mlflow.content.vendors import begins_token, find_vendor_tokens
from otel_mlflow.content.windows import find_all

Range = tuple[int, int]

# Literals that are put together: `"Bearer " + "…"`.
_JOINED = r"""(?:\\{0,4}["'`][ ]{0,2}[+.&][ ]{0,2}\\{0,4}["'`])?"""
_BEARER = re.compile(
    rf"\bbearer(?:[ \t]|\r?\n[ \t]|,[ ]?|%20|\+)+{_JOINED}([\w.~+/=-]{{6,}})", re.IGNORECASE | re.ASCII
)
_BASIC = re.compile(rf"\b(?:basic|auth plain)(?:[ \t]|%20|\+)+{_JOINED}([\w+/=-]{{8,}})", re.IGNORECASE | re.ASCII)
_NEGOTIATE = re.compile(r"\b(?:negotiate|ntlm)[ \t]{1,4}([A-Za-z0-9+/]{24,8000}={0,2})(?![\w+/=])", re.IGNORECASE)
_KEY_ID = re.compile(r"(?<![0-9A-Za-z])A(?:KIA|SIA)[0-9A-Z]{16}(?![0-9A-Za-z])")
_AWS_SECRET = re.compile(
    r"(?<![\w+/=-])(?=[^\d]{0,39}\d)(?=[^a-z]{0,39}[a-z])(?=[^A-Z]{0,39}[A-Z])[A-Za-z0-9+/]{40}(?![\w+/=-])"
)
_AWS_LENGTH = 40
_BESIDE = 200
_KIND = " PRIVATE KEY"
_PRIVATE = re.compile(r"-{4,5} ?BEGIN (?:[A-Z0-9]+ ){0,4}?PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_END = re.compile(r"-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)? ?-{4,5}")
_PUTTY = re.compile(r"Private-Lines: \d+\s+((?:[\w+/=]+(?:\s+|(?=[\"'])|\Z))+)")
_WIFI = re.compile(r"WIFI:(?:[^;\s]{0,100};){0,4}P:((?:[^;\\\n]|\\.){1,200});")
_CUT_RUN = re.compile(r"[^\s\"'<>,;(){}\[\]]*\Z")
_CUT_NAME = re.compile(r"(?:bearer|basic)(?:\s|%20|\+)+\S*\Z", re.IGNORECASE)
_CUT_USERINFO = re.compile(r"://[^\s/@\"'<>:]*:[^\s@\"'<>]*\Z")
_LONGEST_RUN = 512
_LEAST_LENGTH = 20


def find_tokens(text: str, words: Set[bytes]) -> Iterator[Range]:
    """Find every secret that is known by its shape."""
    if _KIND in text:
        yield from _private_keys(text)
    if "Private-Lines" in text:
        yield from (found.span(1) for found in _PUTTY.finditer(text))
    if "WIFI:" in text:
        yield from (found.span(1) for found in _WIFI.finditer(text))
    if b"bearer" in words:
        yield from (found.span(1) for found in find_all(_BEARER, text) if _is_random(found[1]))
    if b"basic" in words or b"plain" in words:
        yield from (found.span(1) for found in find_all(_BASIC, text) if _is_user_and_password(found[1]))
    if b"negotiate" in words or b"ntlm" in words:
        yield from (found.span(1) for found in find_all(_NEGOTIATE, text) if is_credential(found[1]))
    yield from find_vendor_tokens(text, words)
    yield from _beside_key_id(text)
    yield from find_cards(text)


def _beside_key_id(text: str) -> Iterator[Range]:
    """Find the secret key beside the id of an access key of AWS, as `--output text` has them."""
    if "AKIA" not in text and "ASIA" not in text:
        return
    done = 0
    for key_id in find_all(_KEY_ID, text):
        start, end = max(key_id.start() - _BESIDE, done), key_id.end() + _BESIDE
        yield from (found.span() for found in _AWS_SECRET.finditer(text, start, end))
        done = end - _AWS_LENGTH


def _is_random(token: str) -> bool:
    return any(map(str.isdigit, token[:_LONGEST_RUN])) or is_credential(token)


def _private_keys(text: str) -> Iterator[Range]:
    place = 0
    while begin := _PRIVATE.search(text, place):
        end = _END.search(text, begin.end())
        place = end.end() if end else len(text)
        yield begin.start(), place


def _is_user_and_password(token: str) -> bool:
    try:
        decoded = b64decode(token + "=" * (-len(token) % 4), altchars=b"-_" if {"-", "_"} & set(token) else None)
        return ":" in decoded.decode()
    except (binascii.Error, UnicodeDecodeError):
        return is_credential(token) and len(token) >= _LEAST_LENGTH


def without_begun_token(text: str) -> str:
    """Leave out the beginning of a secret at the end of a text that was cut: too short to be known by its shape."""
    end = text[-_LONGEST_RUN:]
    kept = text[: len(text) - len(end)]
    for begun in (_CUT_NAME, _CUT_USERINFO):
        if found := begun.search(end):
            end = end[: found.start()]
    run = _CUT_RUN.search(end)
    if run and run[0] and _may_be_begun(run[0]):
        end = end[: run.start()]
    return kept + end


def _may_be_begun(run: str) -> bool:
    parts = re.split(r"[=:/?&@%]", run)
    return is_credential(run) or any(begins_token(part) for part in parts)
