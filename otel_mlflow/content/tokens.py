"""Secrets that are known by their shape, wherever they stand."""

from __future__ import annotations

import re

from otel_mlflow.content.names import REDACTED

# Each holds an unbroken run of at least 16 of the characters A-Z a-z 0-9 _ - (`_RUN` relies on it).
_SHAPES = (
    r"dapi[0-9A-Za-z]{16,}(?:-\d+)?",  # Databricks personal access token
    r"dose[0-9a-f]{32}",  # Databricks service principal's secret
    r"(?:(?<![\w-])|(?<=\\[nrt]))eyJ[\w-]{13,}\.[\w-]{8,}\.?[\w-]*",  # JSON Web Token
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))sk-[\w-]{16,}",  # OpenAI, Anthropic; not the end of "task-…"
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,}",  # Stripe
    r"gh[opsru]_[0-9A-Za-z]{20,}",  # GitHub
    r"github_pat_\w{20,}",
    r"glpat-[\w-]{16,}",  # GitLab
    r"xox[a-z]-[\w-]{12,}",  # Slack
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",  # AWS access key
    r"AIza[\w-]{30,}",  # Google API key
    r"ya29\.[\w-]{16,}",  # Google OAuth
    r"hf_[0-9A-Za-z]{20,}",  # Hugging Face
    r"npm_[0-9A-Za-z]{30,}",
    r"pypi-[\w-]{16,}",
)
_MARKS = (
    *(b"dapi", b"dose", b"eyJ", b"sk-", b"k_live_", b"k_test_", b"gho_", b"ghp_", b"ghs_", b"ghr_", b"ghu_"),
    *(b"github_pat_", b"glpat-", b"xox", b"AKIA", b"ASIA", b"AIza", b"ya29", b"hf_", b"npm_", b"pypi-"),
)
_SHAPE = re.compile("|".join(_SHAPES), re.ASCII)
_BEARER = re.compile(r"\b(bearer)((?:\s|%20|\+)+)[\w.~+/=-]{6,}", re.IGNORECASE | re.ASCII)
_USERINFO = re.compile(r"(?<=://)[^\s/@\"'<>]+@")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
# The beginning of one of them at the end of a text that was cut there.
_BEGUN = re.compile(
    r"(?:dapi|dose|eyJ|sk-|[rs]k_(?:live|test)_|gh[opsru]_|github_pat_|glpat-|xox[a-z]-|AKIA|ASIA|AIza|ya29\.|hf_|npm_"
    r"|pypi-|(?i:bearer)(?:\s|%20|\+)|://[^\s/@\"'<>:]*:)[^\s/@\"'<>]*\Z",
    re.ASCII,
)
_LONGEST_BEGUN = 512

_RUN_CLASS = bytes(ord("a") if chr(byte).isalnum() or chr(byte) in "_-" else ord(" ") for byte in range(128)).ljust(256)
_RUN = b"a" * 16
_HEXADECIMAL = b"0123456789abcdef-"
_BEFORE_RUN = len("ya29.")


def hide_tokens(text: str) -> str:
    """Replace every secret that is known by its shape."""
    text = _PRIVATE_KEY.sub(REDACTED, text)
    text = _SHAPE.sub(REDACTED, text)
    text = _BEARER.sub(rf"\g<1>\g<2>{REDACTED}", text)
    return _USERINFO.sub(f"{REDACTED}@", text)


def may_hold_token(text: str, lowered: str) -> bool:
    """Say quickly whether `hide_tokens` has anything to do; rarely yes when it has not, never no when it has.

    Most texts have no unbroken run that is long enough, and need not be searched for each of the shapes.
    """
    if "bearer" in lowered or "PRIVATE KEY" in text or ("@" in text and "://" in text):
        return True
    raw = text.encode("utf-8", "replace")
    runs = raw.translate(_RUN_CLASS)
    start = runs.find(_RUN)
    while start >= 0:
        end = runs.find(b" ", start)
        end = end if end >= 0 else len(raw)
        run = raw[max(start - _BEFORE_RUN, 0) : end]
        # Ids in hexadecimal are long runs too, and by far the most of them.
        if run.translate(None, _HEXADECIMAL) and any(mark in run for mark in _MARKS):
            return True
        start = runs.find(_RUN, end)
    return False


def without_begun_token(text: str) -> str:
    """Leave out the beginning of a secret at the end of a text that was cut: too short to be known by its shape."""
    start = max(len(text) - _LONGEST_BEGUN, 0)
    begun = _BEGUN.search(text, start)
    return text[: begun.start()] if begun else text
