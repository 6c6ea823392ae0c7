"""Experiments over MLflow's REST API, which a tracking server and Databricks have in common."""

from __future__ import annotations

from typing import Any

from otel_mlflow.backends.experiments import FoundExperiment
from otel_mlflow.backends.http import HttpClient
from otel_mlflow.backends.proof import json_from, unexpected
from otel_mlflow.backends.response import Response

PREFIX = "/api/2.0/mlflow/experiments"


class RestExperiments:
    """The experiments of one backend, which `backend` names for people."""

    def __init__(self, client: HttpClient, backend: str) -> None:
        self._client = client
        self._backend = backend

    def by_name(self, name: str) -> FoundExperiment | None:
        """The experiment of that name, None when there is none."""
        return self._found(self._client.get(f"{PREFIX}/get-by-name", {"experiment_name": name}))

    def by_id(self, experiment_id: str) -> FoundExperiment | None:
        """The experiment with that id, None when there is none."""
        return self._found(self._client.get(f"{PREFIX}/get", {"experiment_id": experiment_id}))

    def create(self, name: str) -> None:
        """Create it; return also when somebody else just did."""
        self._check_created(self._ask_to_create(name))

    def _ask_to_create(self, name: str) -> Response:
        return self._client.post_json(f"{PREFIX}/create", {"name": name})

    def _check_created(self, response: Response) -> None:
        if response.error_code != "RESOURCE_ALREADY_EXISTS":
            json_from(response, self._backend)

    def _found(self, response: Response) -> FoundExperiment | None:
        if response.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        found = json_from(response, self._backend).get("experiment")
        try:
            return _experiment_from(found)
        except (KeyError, TypeError, AttributeError) as error:
            raise unexpected(response, self._backend) from error


def _experiment_from(found: Any) -> FoundExperiment:
    tags = {tag["key"]: tag.get("value", "") for tag in found.get("tags", [])}
    return FoundExperiment(found["experiment_id"], found["name"], found.get("lifecycle_stage") == "deleted", tags)
