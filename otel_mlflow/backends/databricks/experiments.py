"""Experiments of a workspace: their names are paths, and their folders must be there."""

from __future__ import annotations

import posixpath

from typing_extensions import override

from otel_mlflow.backends.databricks.identity import UNKNOWN
from otel_mlflow.backends.experiments import FoundExperiment
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from
from otel_mlflow.backends.response import Response
from otel_mlflow.backends.rest_experiments import RestExperiments
from otel_mlflow.errors import MisconfigurationError


def canonical_name(name: str, identity: str) -> str:
    """The experiment's name as Databricks keeps it: an absolute path, without the `/Workspace` some paths begin with.

    A name that is no path is meant to be in the home folder of the identity; in `/Shared` where that is unknown.
    """
    if not name.startswith("/"):
        return f"/Shared/{name}" if identity == UNKNOWN else f"/Users/{identity}/{name}"
    return name.removeprefix("/Workspace") if name.startswith("/Workspace/") else name


class WorkspaceExperiments(RestExperiments):
    """The experiments of the workspace behind `http`, for the user or service principal `identity`."""

    def __init__(self, http: HttpClient, backend: str, identity: str) -> None:
        super().__init__(http, backend)
        self._identity = identity

    @override
    def by_name(self, name: str) -> FoundExperiment | None:
        return super().by_name(canonical_name(name, self._identity))

    @override
    def _found(self, response: Response) -> FoundExperiment | None:
        if response.status in (404, 405) and not response.error_code:
            raise MisconfigurationError(
                f"{self._backend} answered {response.status}, which is no response of a workspace: {response.text}",
                "check DATABRICKS_HOST, or the profile's host",
            )
        return super()._found(response)

    @override
    def create(self, name: str) -> None:
        """Create it, and the folder that it is in; return also when somebody else just did."""
        path = canonical_name(name, self._identity)
        response = self._ask_to_create(path)
        if _lacks_folder(response):
            self._make_folder(posixpath.dirname(path))
            response = self._ask_to_create(path)
        if response.status == 403:
            raise self._forbidden(response, f"create experiment {path}")
        self._check_created(response)

    def _make_folder(self, path: str) -> None:
        response = self._client.post_json("/api/2.0/workspace/mkdirs", {"path": path})
        if response.status == 403:
            raise self._forbidden(response, f"make folder {path}")
        json_from(response, self._backend)

    def _forbidden(self, response: Response, what: str) -> MisconfigurationError:
        return MisconfigurationError(
            f"{self._identity} may not {what} in {self._backend}: {response.text}",
            "grant it the right to, or choose another experiment_name",
        )


def _lacks_folder(response: Response) -> bool:
    text = response.text.lower()
    return response.status in (400, 404) and (
        response.error_code == "RESOURCE_DOES_NOT_EXIST"
        or any(word in text for word in ("parent", "directory", "folder"))
    )
