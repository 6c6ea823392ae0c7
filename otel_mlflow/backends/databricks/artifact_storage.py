"""Artifact storage, which holds the spans of classic traces: another host than the workspace's.

It is reached by URLs that the workspace signs for one file each. A signed URL is a secret: it is in no message and in
no repr, and neither is what storage says of one, for it may repeat it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import describe, json_from, proves_file_taken, unexpected
from otel_mlflow.backends.response import Response
from otel_mlflow.errors import RetryableError, StorageUnreachableError, TraceNotFoundError

AZURE_BLOB = "AZURE_SAS_URI"
AZURE_FILE_SYSTEM = "AZURE_ADLS_GEN2_SAS_URI"

_CREDENTIALS = "/api/2.0/mlflow/traces/{trace_id}/credentials-for-data-{direction}"


@dataclass(frozen=True)
class SignedFile:
    """Leave to write or to read one file for a while."""

    host: str
    kind: str
    """MLflow's `ArtifactCredentialType`."""
    target: str = field(repr=False)
    """Path and query, with the signature."""
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_credential(cls, credential: Mapping[str, Any]) -> SignedFile:
        """Read an `ArtifactCredentialInfo`."""
        parts = urlsplit(credential["signed_uri"])
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {header["name"]: header["value"] for header in credential.get("headers", [])}
        return cls(f"{parts.scheme}://{parts.netloc}", str(credential.get("type", "")), target, headers)

    def with_query(self, query: str) -> str:
        """The target with more in its query."""
        return f"{self.target}&{query}" if "?" in self.target else f"{self.target}?{query}"


class ArtifactStorage:
    """Files of traces. Keeps connections to each storage host that the workspace names."""

    def __init__(self, workspace: HttpClient, backend: str, *, connections: int, timeouts: tuple[float, float]) -> None:
        self._workspace = workspace
        self._backend = backend
        self._connections = connections
        self._timeouts = timeouts
        self._hosts: dict[str, HttpClient] = {}

    def close(self) -> None:
        """Close the connections."""
        for client in self._hosts.values():
            client.close()
        self._hosts.clear()

    def leave_to_write(self, trace_id: str) -> SignedFile:
        """Where a trace's spans belong. Raises `TraceNotFoundError` where the workspace does not know the trace."""
        return self._leave(trace_id, "upload")

    def write(self, file: SignedFile, content: bytes) -> None:
        """Write the file anew. Raises `StorageUnreachableError` where its host cannot be reached or lets nobody in."""
        if file.kind == AZURE_FILE_SYSTEM:
            self._hand_over(file, "PUT", file.with_query("resource=file"), b"", file.headers)
            append = file.with_query("action=append&position=0&flush=true")
            self._hand_over(file, "PATCH", append, content, file.headers)
            return
        more = {"x-ms-blob-type": "BlockBlob"} if file.kind == AZURE_BLOB else {}
        self._hand_over(file, "PUT", file.target, content, {**file.headers, **more})

    def read(self, trace_id: str) -> bytes:
        """The trace's file, empty when there is none."""
        file = self._leave(trace_id, "download")
        response = self._ask(file, "GET", file.target, None, file.headers)
        if response.status == 404:
            return b""
        if "spans" not in response.json():
            raise _replaced(file.host, response)
        return response.body

    def _leave(self, trace_id: str, direction: str) -> SignedFile:
        response = self._workspace.get(_CREDENTIALS.format(trace_id=trace_id, direction=direction), {})
        if response.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise TraceNotFoundError(f"{self._backend} does not know trace {trace_id}")
        try:
            return SignedFile.from_credential(json_from(response, self._backend)["credential_info"])
        except (KeyError, TypeError, ValueError) as error:
            raise unexpected(response, self._backend) from error

    def _hand_over(self, file: SignedFile, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> None:
        response = self._ask(file, method, target, body, headers)
        if response.status >= 300:
            raise RetryableError(f"artifact storage {file.host} answered {response.status}")
        if not proves_file_taken(response):
            raise _replaced(file.host, response)

    def _ask(
        self, file: SignedFile, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Response:
        """Send one request. A 404 is returned; every other failure is raised."""
        try:
            response = self._client(file.host).send(method, target, body, headers)
        except RetryableError as error:
            raise _unreachable(file.host, error.reason) from error
        if response.status in (401, 403, 407) or response.status >= 500:
            raise _unreachable(file.host, f"it answered {response.status}")
        if response.status >= 300 and response.status != 404:
            raise RetryableError(f"artifact storage {file.host} answered {response.status}")
        return response

    def _client(self, host: str) -> HttpClient:
        if host not in self._hosts:
            self._hosts[host] = HttpClient(host, {}, connections=self._connections, timeouts=self._timeouts)
        return self._hosts[host]


def _replaced(host: str, response: Response) -> StorageUnreachableError:
    return _unreachable(host, f"{describe(response)} answered in its place ({response.status}, {response.media_type})")


def _unreachable(host: str, seen: str) -> StorageUnreachableError:
    return StorageUnreachableError(
        f"artifact storage {host} takes no spans: {seen}",
        f"allow this app to reach {urlsplit(host).netloc}, or set unity_catalog.catalog and unity_catalog.schema: "
        "traces in Unity Catalog need no artifact storage",
    )
