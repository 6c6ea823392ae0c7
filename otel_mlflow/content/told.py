"""What is told beside a name, judged by the name: a code, a password, a phrase, any credential."""

from __future__ import annotations

import re

from otel_mlflow.content.credentials import (
    is_opaque,
    is_placeholder,
    is_postal_code,
    is_told_password,
    may_be_password,
)
from otel_mlflow.content.mentions import Mention
from otel_mlflow.content.name_rules import Strength

Range = tuple[int, int]

_NUMERIC_NAME = re.compile(
    r"(?:pin|puk|pin-код|otp|totp|cvv2?|cvc2?|ssn|code|tan|passcode|v[eé]rifica\S{0,6}|confirma\S{0,5}|подтверждения|доступа|kodu|kodunuz|weryfikacyjny"
    r"|验证码|驗證碼|認証コード|確認コード|인증번호|인증코드|暗証番号)\Z",
    re.IGNORECASE,
)
_ONE_TIME = re.compile(r"one[ -]?time[ -]?\Z", re.IGNORECASE)
_PASSPHRASE = re.compile(r"passphrase|mnemonic|phrase\Z", re.IGNORECASE)
_ANY_SENT_CODE = re.compile(r"\d{4,8}|\d{3}-\d{3}")
_SOCIAL_SECURITY_NUMBER = re.compile(r"\d{3}-\d{2}-\d{4}")
_PIN = re.compile(r"pin(?:[ _-]?code)?\Z", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\b(?:india|road|street|nagar|marg|colony|dist|district|city|town|postal|post office|karnataka|maharashtra|kerala"
    r"|delhi|mumbai|bengaluru|bangalore|chennai|kolkata|hyderabad|pune)\b",
    re.IGNORECASE,
)
_ADDRESS_AROUND = 100
_SHORTEST_CODE = len("123")
PUNCTUATION = ".,;:!?)]}'\""
"""What a sentence has behind a word."""


def tells_password(text: str, mention: Mention) -> bool:
    """Say whether a name is that of a password, and not of any secret."""
    name = text[mention.start : mention.end]
    return (
        mention.strength == Strength.ALL
        or not name.isascii()
        or name.lower().endswith(("pw", "pwd", "passe", "sandi", "khau"))
    )


def names_code(text: str, mention: Mention) -> bool:
    """Say whether a name is that of a short number."""
    if _NUMERIC_NAME.search(text, mention.start, mention.end):
        return True
    return _ONE_TIME.search(text, max(mention.start - len("one-time "), 0), mention.start) is not None


def names_phrase(text: str, mention: Mention) -> bool:
    """Say whether a name is that of several words."""
    return _PASSPHRASE.search(text, mention.start, mention.end) is not None


def is_pin(word: str) -> bool:
    """Say whether a word may be a PIN or the like."""
    return (word.isdigit() and len(word) >= _SHORTEST_CODE) or _SOCIAL_SECURITY_NUMBER.fullmatch(word) is not None


def is_sent_code(word: str) -> bool:
    """Say whether a word may be a code as they are sent to log in with."""
    return _ANY_SENT_CODE.fullmatch(word) is not None


def is_postal(text: str, mention: Mention, place: Range) -> bool:
    """Say whether a PIN is the postal code in an address in India."""
    if not (_PIN.match(text, mention.start, mention.end) and is_postal_code(text[slice(*place)])):
        return False
    return _ADDRESS.search(text, max(mention.start - _ADDRESS_AROUND, 0), place[1] + _ADDRESS_AROUND) is not None


def told_secret(text: str, found: re.Match[str] | None, mention: Mention, *, is_firm: bool = False) -> Range | None:
    """Answer where the word of a match stands, if it is a code or a credential of this name (`told_credential`)."""
    if found is None:
        return None
    if names_code(text, mention) and is_sent_code(found[1].rstrip(PUNCTUATION + "#*")):
        return found.span(1)
    return told_credential(text, found, mention, is_firm=is_firm)


def told_credential(text: str, found: re.Match[str], mention: Mention, *, is_firm: bool = False) -> Range | None:
    """Answer where the word of a match stands, if it has the looks of a secret; `is_firm`: of a password or a key."""
    word = found[1].rstrip(PUNCTUATION)
    is_password = tells_password(text, mention) and is_told_password(word)
    is_random = is_opaque(word) and "(" not in word
    if mention.strength >= Strength.CODES:
        is_random = is_password or (is_random if is_firm else may_be_password(word))
    is_secret = is_random and "://" not in word and "=" not in word and not is_placeholder(word)
    return (found.start(1), found.start(1) + len(word)) if is_secret else None
