"""Where databricks-sdk has its configuration from, and what lies around that says otherwise."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otel_mlflow.settings.dotenv import unloaded_file
from otel_mlflow.settings.environment import first_set

if TYPE_CHECKING:
    from databricks.sdk.config import Config

DEFAULT_FILE = "~/.databrickscfg"
DEFAULT_PROFILE = "DEFAULT"


@dataclass(frozen=True)
class Sources:
    """Where the credentials come from, and where the host does, in words."""

    credentials: str
    host: str

    @classmethod
    def from_config(cls, config: Config) -> Sources:
        """Told from the environment and the file, in the order in which the SDK reads them."""
        carriers = [one for one in _attributes(config) if one.auth and getattr(config, one.name, None)]
        host = _origin(config, next(one for one in _attributes(config) if one.name == "host"))
        return cls(_origin(config, carriers[0]) if carriers else f"{config.auth_type}", host)


def disagreements(config: Config) -> str:
    """What a `.env` that is not loaded says otherwise, and what a profile that is not used does; empty if neither."""
    return "; ".join(filter(None, (_unloaded(), _unused_profile(config))))


def _unloaded() -> str:
    try:
        found = unloaded_file()
    except (OSError, UnicodeError) as error:
        return f"a .env is there and cannot be read: {error}"
    return str(found or "")


def _unused_profile(config: Config) -> str:
    """A profile that names another host than the one that is used."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(Path(_file(config)).expanduser())
        profile = config.profile or DEFAULT_PROFILE
        named = parser[profile].get("host", "")
    except (configparser.Error, KeyError, OSError, UnicodeError):
        return ""
    if not named or _bare(named) == _bare(str(config.host)):
        return ""
    return f"profile {profile} of {_file(config)} names another host, {_bare(named)}, and is not used for it"


def _bare(host: str) -> str:
    return host.partition("://")[2].rstrip("/") if "://" in host else host.rstrip("/")


def _attributes(config: Config) -> Iterator[Any]:
    yield from config.attributes()


def _origin(config: Config, attribute: Any) -> str:
    name = first_set((attribute.env, *getattr(attribute, "env_aliases", ())))
    if name is not None:
        return f"environment {name}"
    return f"profile {config.profile or DEFAULT_PROFILE} of {_file(config)}"


def _file(config: Config) -> str:
    return str(config.config_file or DEFAULT_FILE)
