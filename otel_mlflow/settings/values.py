"""The forms in which a value may be written, and the checks that one number's range cannot express."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from string import Formatter
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 calls it a token."""

RUN_NAME_FIELDS = ("route", "session_id", "trace_id")
TRACKING_SCHEMES = {"databricks", "http", "https", "sqlite", "postgresql", "mysql", "mssql", "file"}


def listed(value: object) -> object:
    """Read a list written in one line: words between commas, or JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("[") and isinstance(parsed := _json(value), list):
        return parsed
    return [word.strip() for word in value.split(",") if word.strip()]


def mapped(value: object) -> object:
    """Read a mapping written in one line: `k=v,k=v` as in OTEL_EXPORTER_OTLP_HEADERS, or JSON."""
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("{") else _pairs(value)
    if isinstance(value, Mapping):
        # A YAML author who writes `production: true` means the word.
        return {str(key): json.dumps(item) if isinstance(item, bool) else item for key, item in value.items()}
    return value


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _pairs(text: str) -> object:
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if not all(separator for _, separator, _ in pairs):
        return text
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in pairs}


def switch(value: object) -> object:
    """Undo YAML 1.1, which reads the word `off` as false."""
    return "off" if value is False else value


def regexes(patterns: list[str]) -> list[str]:
    """Check that each is a regular expression."""
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is not one: {error}") from None
    return patterns


def names(entries: list[str]) -> list[str]:
    """Check that each says something about a name."""
    for entry in entries:
        if not any(map(str.isalnum, entry)):
            raise ValueError(f"{entry!r} has no letter; to record no content at all, set tracing.capture_input_output")
    return entries


def header_names(entries: list[str]) -> list[str]:
    """Check that each could be the name of a header."""
    for entry in entries:
        if not HEADER_NAME.fullmatch(entry):
            raise ValueError(f"{entry!r} is not the name of a header")
    return entries


def hook(path: str) -> str:
    """Check that `module:function` can be imported and called."""
    load(path)
    return path


def load(path: str) -> Callable[[Any], Any]:
    """Import the function that `module:function` names."""
    module, _, name = path.partition(":")
    try:
        found: Any = attrgetter(name)(import_module(module))
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise ValueError(f"{path!r} cannot be imported ({type(error).__name__}: {error})") from None
    if not callable(found):
        raise ValueError(f"{path!r} is a {type(found).__name__}, not a function")
    return found  # type: ignore[no-any-return]


def run_name(template: str) -> str:
    """Check that a run's name uses only what a run knows."""
    for _, field, _, _ in Formatter().parse(template):
        if field is not None and field not in RUN_NAME_FIELDS:
            raise ValueError(f"{{{field}}} is not one of them")
    # Raises ValueError for a format that texts do not have, such as {route:d}.
    template.format(**dict.fromkeys(RUN_NAME_FIELDS, ""))
    return template


def number(value: object) -> object:
    """Refuse what Python takes for 0 or 1, and whoever writes it means a switch."""
    if isinstance(value, bool):
        raise ValueError("it is no number")
    return value


def named_path(value: object) -> object:
    """Refuse the path that has no name: it would be the current folder."""
    if isinstance(value, str) and (not value.strip() or "\0" in value):
        raise ValueError("it is empty" if not value.strip() else "no path has a NUL in it")
    return value


def sendable(headers: dict[str, str]) -> dict[str, str]:
    """Check that each can be sent as a header of HTTP (RFC 9110, 5.5). What is no name may hold the secret."""
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name):
            raise ValueError("one of the names is not the name of a header")
        if not re.fullmatch(r"[\t -~\x80-\xff]*", value):
            raise ValueError(f"the value of {name!r} has a character in it that no header can have")
    return headers


def folder(path: Path) -> Path:
    """Read `~` as the user's home, and all else from the current folder as it is now."""
    return Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111, unlike Path's this one never raises


def whole_path(uri: str) -> str:
    """Name a SQLite file by its whole path: elsewhere on this host, the short one is another file's address."""
    database = re.fullmatch(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)([^?]+)(.*)", uri)
    if database is None:
        return uri
    scheme, path, query = database.groups()
    return f"{scheme}{os.path.abspath(path)}{query}"  # noqa: PTH100, unlike Path's this one leaves out `..`


def tracking_uri(uri: str) -> str:
    """Check that MLflow could make something of it; a value without a scheme is a folder."""
    scheme, separator, rest = uri.partition(":")
    is_drive = len(scheme) == 1
    if not separator or is_drive:
        return uri
    if scheme.partition("+")[0].lower() not in TRACKING_SCHEMES:
        hint = f", did you mean http://{uri}" if rest[:1].isdigit() else ""
        raise ValueError(f"{scheme!r} is not a kind of tracking server{hint}")
    return http_url(uri) if scheme.lower() in ("http", "https") else whole_path(uri)


def http_urls(urls: list[str]) -> list[str]:
    """Check that each is a whole address of an HTTP server."""
    return [http_url(url) for url in urls]


def http_url(url: str) -> str:
    """Check that it is a whole address of an HTTP server."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a scheme or a host is missing")
    if re.search(r"[\s\x00-\x1f]", url):
        raise ValueError("there is a space or a line break in it")
    if not _has_usable_port(parts):
        raise ValueError("what follows its host is no port, from 0 to 65535")
    return url


def _has_usable_port(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port >= 0
    except ValueError:
        # Not in its own words: what is no port may be a password.
        return False
