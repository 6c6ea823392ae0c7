"""The Databricks workspace, with the credentials that the traces go with."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

_HTTP_SECONDS = 60
_RETRY_SECONDS = 30


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
        """The client. Raises `ValueError` where there are no credentials."""
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.config import Config

        with self._lock:
            if self._client is None:
                config = Config(
                    profile=self._profile(), http_timeout_seconds=_HTTP_SECONDS, retry_timeout_seconds=_RETRY_SECONDS
                )
                self._client = WorkspaceClient(config=config)
            return self._client

    def _profile(self) -> str | None:
        scheme, _, profile = self.tracking_uri.partition("://")
        return profile if scheme == "databricks" and profile else None
