"""Addresses as they may be shown to anybody: without user and password, and without secrets in their query."""

from __future__ import annotations

import functools
import re

from otel_mlflow.content import Redactor
from otel_mlflow.settings.defaults import REDACT_KEYS

MASK = "***"

_USERINFO = re.compile(r"(?<=://)(?:[^/?#@:\[\s]*:(?!\d*(?:[/?#]|\Z))\S*|[^/?#\s]*)@")
"""All up to the last `@`, where what follows the first colon is no port: SQLAlchemy takes `/`, `?`, `#` and `@` for
parts of a password. Else what RFC 3986 calls so."""

_PASSWORD = "h7nt3r2"  # noqa: S105
"""A value that only its name makes a secret."""

_PARAMETER = re.compile(r"(?<=[?&])([^=&#\s]+)=([^&#\s]+)")


def without_userinfo(address: str, instead: str = "") -> str:
    """The address without the user and password in it, `instead` in their place."""
    return _USERINFO.sub(instead, address, count=1)


def redacted_address(address: str, userinfo: str = "") -> str:
    """The address without what is secret in it; `userinfo` stands for user and password."""
    return _PARAMETER.sub(_redacted_parameter, without_userinfo(address, userinfo)).rstrip("/")


def _redacted_parameter(parameter: re.Match[str]) -> str:
    name, value = parameter.groups()
    return f"{name}={MASK if _names_a_secret(name) else value}"


@functools.lru_cache(maxsize=256)
def _names_a_secret(name: str) -> bool:
    """Whatever its value is: in an address nobody writes a placeholder."""
    return bool(Redactor.compile(REDACT_KEYS).value({name: _PASSWORD}) != {name: _PASSWORD})
