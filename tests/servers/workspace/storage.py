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
        self.kind = "AWS_PRESIGNED_URL"
        """MLflow's `ArtifactCredentialType`, each with a protocol of its own."""
        self.url = ""

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("PUT", "/{path:path}", self._put)
        routes.add("PATCH", "/{path:path}", self._append)
        routes.add("GET", "/{path:path}", self._get)

    def credential(self, path: str) -> dict[str, Any]:
        """What lets a client write or read one file."""
        return {
            "credential_info": {
                "signed_uri": f"{self.url}/{path}?X-Amz-Signature={self.signature}",
                "type": self.kind,
                "headers": [{"name": "x-amz-server-side-encryption", "value": "AES256"}],
            }
        }

    def _put(self, asked: Asked, path: str) -> Reply:
        self._check(asked)
        if self.kind == "AZURE_SAS_URI" and asked.headers.get("x-ms-blob-type") != "BlockBlob":
            raise FailedError(400, "MissingRequiredHeader", "x-ms-blob-type")
        if self.kind == "AZURE_ADLS_GEN2_SAS_URI" and (asked.query("resource") != "file" or asked.body):
            raise FailedError(400, "InvalidQueryParameterValue", "resource")
        self.files[path] = asked.body
        return Reply(status=201, body=b"")

    def _append(self, asked: Asked, path: str) -> Reply:
        """How Azure's file system takes the bytes of a file that has been made."""
        self._check(asked)
        wanted = ("append", str(len(self.files[path])), "true")
        if tuple(map(asked.query, ("action", "position", "flush"))) != wanted:
            raise FailedError(400, "InvalidFlushPosition", "The uploaded data is not contiguous.")
        self.files[path] += asked.body
        return Reply(status=202, body=b"")

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
