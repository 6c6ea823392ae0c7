"""As whom we talk to a Databricks workspace: databricks-sdk's unified authentication, bounded in time.

Everything that goes to the workspace takes its authorization from here. The process's environment is read and never
changed. Called on delivery's threads only: the SDK asks the network, and may wait for as long as it likes.
"""

from __future__ import annotations

import configparser
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import override

from otel_mlflow.backends.calls import PATIENT, Made, call_with_timeout
from otel_mlflow.backends.databricks.credential_sources import Sources, disagreements
from otel_mlflow.errors import MisconfigurationError, RetryableError

if TYPE_CHECKING:
    from databricks.sdk.config import Config

SDK_TIMEOUT = 10.0
"""Seconds for whatever the SDK does at a time: finding the host's endpoints, asking a CLI, getting a token."""

HEADERS_HOLD = 20.0
"""Seconds in which the SDK is not asked again: it hands out tokens that hold for 40 and more."""


@dataclass
class WorkspaceCredentials:
    """One workspace and one identity. No repr shows a secret; they are in what `headers()` returns alone."""

    host: str
    auth_type: str
    """The SDK's name for the way of authentication: `pat`, `oauth-m2m`, `databricks-cli` …"""
    workspace_id: str | None
    source: str
    """Where they come from, in words: `environment DATABRICKS_TOKEN`, `profile DEFAULT of ~/.databrickscfg` …"""
    host_source: str
    disagreement: str
    """What lies around and says otherwise, in words; empty when nothing does."""
    _authenticate: Callable[[], Mapping[str, str]] = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    _hold_until: float = field(default=0.0, repr=False)

    @classmethod
    def resolve(cls, tracking_uri: str) -> WorkspaceCredentials:
        """Find them as MLflow's client would, for `databricks` or `databricks://profile`.

        Raises `MisconfigurationError` where there are none or they contradict each other, `RetryableError` where the
        SDK takes longer than `SDK_TIMEOUT`.
        """
        # Its import takes seconds where the machine is busy, which are none of the host's.
        sdk_config = _sdk_config()
        config = _patiently(lambda: _config(sdk_config, profile_of(tracking_uri)), "finding credentials")
        sources = Sources.from_config(config)
        return cls(
            host=_address(str(config.host)),
            auth_type=str(config.auth_type),
            workspace_id=getattr(config, "workspace_id", None),
            source=sources.credentials,
            host_source=sources.host,
            disagreement=disagreements(config),
            _authenticate=config.authenticate,
        )

    @property
    def described(self) -> str:
        """Where they come from, and what says otherwise."""
        host = f" (host: {self.host_source})" if self.host_source != self.source else ""
        return f"{self.source}{host}" + (f"; {self.disagreement}" if self.disagreement else "")

    def headers(self) -> Mapping[str, str]:
        """The headers that authenticate a request, fresh. Raises as `resolve()` does."""
        with self._lock:
            if time.monotonic() >= self._hold_until:
                self._headers = _patiently(self._authenticate, f"authenticating at {self.host} with {self.source}")
                self._hold_until = time.monotonic() + HEADERS_HOLD
            return self._headers

    def renew(self, rejected: Mapping[str, str], tracking_uri: str) -> bool:
        """Begin anew after these headers were rejected; return whether there are others for the same host now."""
        with self._lock:
            if self._headers == rejected:
                found = WorkspaceCredentials.resolve(tracking_uri)
                if found.host != self.host:
                    return False
                self._authenticate, self._hold_until = found._authenticate, 0.0
        return self.headers() != rejected


def profile_of(tracking_uri: str) -> str | None:
    """The profile in `databricks://profile`; None for plain `databricks`."""
    return tracking_uri.partition("://")[2].partition(":")[0].strip("/") or None


def _address(host: str) -> str:
    """Without the path and the query that are in it when it is copied from a browser."""
    parts = urlsplit(host)
    return f"{parts.scheme}://{parts.netloc}"


def _sdk_config() -> type[Config]:
    try:
        from databricks.sdk.config import Config
    except ImportError as error:
        raise MisconfigurationError(
            "databricks-sdk is not installed", "pip install 'otel-mlflow[databricks]'"
        ) from error
    return Config


def _config(sdk_config: type[Config], profile: str | None) -> Config:
    chosen: dict[str, Any] = {"profile": profile} if profile else {}
    # A token is refreshed when it is asked for: the SDK's own threads would keep the interpreter from exiting.
    return sdk_config(
        **chosen,
        http_timeout_seconds=SDK_TIMEOUT / 2,
        retry_timeout_seconds=int(SDK_TIMEOUT / 2),
        disable_async_token_refresh=True,
    )


class _OursToTell(logging.Filter):
    """Holds back what the SDK logs on our threads: a host that is out of reach would fill the log."""

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        return record.threadName != PATIENT


_QUIET = _OursToTell()


def _patiently(function: Callable[[], Made], doing: str) -> Made:
    """Call what the SDK may raise anything from, in time."""
    logging.getLogger("databricks.sdk").addFilter(_QUIET)
    try:
        return call_with_timeout(function, SDK_TIMEOUT)
    except TimeoutError as error:
        raise RetryableError(
            f"{doing}: databricks-sdk has not answered within {SDK_TIMEOUT:.0f} s",
            "check that the host is right and reachable from here",
        ) from error
    except (ValueError, NotImplementedError, OSError, configparser.Error) as error:
        raise MisconfigurationError(
            f"{doing}: databricks-sdk says: {error}",
            "set DATABRICKS_HOST with DATABRICKS_TOKEN or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, or a "
            "profile in ~/.databrickscfg",
        ) from error
