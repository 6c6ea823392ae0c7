"""Who may come in: personal access tokens, and service principals with OAuth tokens that expire."""

from __future__ import annotations

import base64
import secrets
from typing import Any
from urllib.parse import parse_qs

from tests.servers.workspace.asked import Asked, FailedError, Reply
from tests.servers.workspace.routing import Routes

OPEN_PATHS = ("/.well-known/", "/oidc/")


class Auth:
    """Mounted on the workspace's own server."""

    def __init__(self, personal: dict[str, str], clients: dict[str, str]) -> None:
        """Users by personal access token, and client secrets by client id."""
        self.personal = personal
        self.clients = clients
        self.lifetime = 3600
        """Seconds that a client is told its token holds."""
        self.rejects_with = 401
        self.issued = 0
        """How many OAuth tokens have been given out."""
        self._sessions: dict[str, str] = {}
        self.url = ""

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("GET", "/.well-known/databricks-config", self._config)
        routes.add("GET", "/oidc/.well-known/oauth-authorization-server", self._endpoints)
        routes.add("POST", "/oidc/v1/token", self._token)
        routes.add("GET", "/api/2.0/preview/scim/v2/Me", self._me)

    def expire_tokens(self) -> None:
        """Take back all OAuth tokens given out so far."""
        self._sessions.clear()

    def identify(self, asked: Asked) -> str:
        """The user or the client whose token it is; nobody's name for the paths that are open to all."""
        if asked.path.startswith(OPEN_PATHS):
            return ""
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        identity = self.personal.get(token) or self._sessions.get(token)
        if identity is None:
            raise FailedError(self.rejects_with, "UNAUTHENTICATED", "Invalid access token.")
        return identity

    def _config(self, asked: Asked) -> dict[str, Any]:
        return {"oidc_endpoint": f"{self.url}/oidc", "workspace_id": "1234567890", "account_id": "an-account"}

    def _endpoints(self, asked: Asked) -> dict[str, Any]:
        oidc = f"{self.url}/oidc/v1"
        return {"authorization_endpoint": f"{oidc}/authorize", "token_endpoint": f"{oidc}/token"}

    def _token(self, asked: Asked) -> Reply | dict[str, Any]:
        client, secret = _client(asked)
        if self.clients.get(client) != secret:
            return Reply({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        token = secrets.token_hex(16)
        self._sessions[token] = client
        self.issued += 1
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime, "scope": "all-apis"}

    def _me(self, asked: Asked) -> dict[str, Any]:
        return {"id": "1", "userName": asked.identity, "displayName": asked.identity, "active": True}


def _client(asked: Asked) -> tuple[str, str]:
    form = parse_qs(asked.body.decode())
    if "client_id" in form:
        return form["client_id"][0], form.get("client_secret", [""])[0]
    basic = base64.b64decode(asked.headers.get("authorization", "").removeprefix("Basic ")).decode()
    client, _, secret = basic.partition(":")
    return client, secret
