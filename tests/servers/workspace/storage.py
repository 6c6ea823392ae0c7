"""Artifact storage: another host than the workspace, reached by URLs with a signature in them."""

from __future__ import annotations

import secrets
from typing import Any

from tests.servers.workspace.asked import Asked, FailedError, Reply
from tests.servers.workspace.routing import Routes


class Storage:
    """Files by path."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.signature = secrets.token_hex(16)
        """In every URL; it must be seen in no log."""
        self.url = ""

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("PUT", "/{path:path}", self._put)
        routes.add("GET", "/{path:path}", self._get)

    def credential(self, path: str) -> dict[str, Any]:
        """What lets a client write or read one file."""
        return {
            "credential_info": {
                "signed_uri": f"{self.url}/{path}?X-Amz-Signature={self.signature}",
                "type": "AWS_PRESIGNED_URL",
                "headers": [{"name": "x-amz-server-side-encryption", "value": "AES256"}],
            }
        }

    def _put(self, asked: Asked, path: str) -> Reply:
        self._check(asked)
        self.files[path] = asked.body
        return Reply(body=b"")

    def _get(self, asked: Asked, path: str) -> Reply:
        self._check(asked)
        if path not in self.files:
            raise FailedError(404, "NoSuchKey", "The specified key does not exist.")
        return Reply(body=self.files[path])

    def _check(self, asked: Asked) -> None:
        if asked.query("X-Amz-Signature") != self.signature:
            raise FailedError(403, "SignatureDoesNotMatch", "The signature is not ours.")
        if "authorization" in asked.headers:
            raise FailedError(400, "InvalidArgument", "Only one auth mechanism allowed")
