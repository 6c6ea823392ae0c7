"""The Databricks workspace, with the credentials that the traces go with."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from app.credentials import current_user_token

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_HTTP_SECONDS = 60
_RETRY_SECONDS = 30
_LONGEST_PAUSE = 15


class TooBusyError(Exception):
    """The workspace asks to be left alone for longer than anybody would wait."""


class Workspace:
    """A client, made when it is first asked for: that needs the network, and starting the app does not wait for it.

    `tracking_uri` is that of the traces: `databricks://profile` names a profile of ~/.databrickscfg; otherwise it is
    the environment and the SDK that decide, as they do for the traces.
    """

    def __init__(self) -> None:
        self.tracking_uri = ""
        self._lock = threading.Lock()
        self._client: WorkspaceClient | None = None

    def client(self) -> WorkspaceClient:
        """The client, of the person on whose behalf this is done if there is one, else the app's own.

        Raises `ValueError` where there are no credentials.
        """
        own = self._own_client()
        token = current_user_token()
        return _client(host=own.config.host, token=token.value, auth_type="pat") if token else own

    def _own_client(self) -> WorkspaceClient:
        with self._lock:
            if self._client is None:
                self._client = _client(profile=self._profile())
            return self._client

    def _profile(self) -> str | None:
        scheme, _, profile = self.tracking_uri.partition("://")
        return profile if scheme == "databricks" and profile else None


def _client(**credentials: Any) -> WorkspaceClient:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.clock import RealClock
    from databricks.sdk.config import Config

    class BoundedClock(RealClock):
        """The SDK's clock, which does not sleep as long as a `Retry-After` likes."""

        def sleep(self, seconds: float) -> None:
            if seconds > _LONGEST_PAUSE:
                raise TooBusyError(f"it asks to wait {seconds:.0f} s.")
            super().sleep(seconds)

    config = Config(
        http_timeout_seconds=_HTTP_SECONDS,
        retry_timeout_seconds=_RETRY_SECONDS,
        clock=BoundedClock(),
        **credentials,
    )
    return WorkspaceClient(config=config)
