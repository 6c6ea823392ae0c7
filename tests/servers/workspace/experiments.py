"""Experiments."""

from __future__ import annotations

import threading
from typing import Any

from tests.servers.workspace.asked import Asked, FailedError, invalid, missing
from tests.servers.workspace.folders import Folders, canonical
from tests.servers.workspace.routing import Routes

PREFIX = "/api/2.0/mlflow/experiments"


class Experiments:
    """Experiments by id, as MLflow's REST API shows them."""

    def __init__(self, folders: Folders) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}
        self._folders = folders
        self._lock = threading.Lock()

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", f"{PREFIX}/create", self._create)
        routes.add("GET", f"{PREFIX}/get", lambda asked: {"experiment": self.get(asked.query("experiment_id"))})
        routes.add("GET", f"{PREFIX}/get-by-name", self._get_by_name)
        routes.add("POST", f"{PREFIX}/search", self._search)
        routes.add("POST", f"{PREFIX}/delete", lambda asked: self._stage(asked, "deleted"))
        routes.add("POST", f"{PREFIX}/restore", lambda asked: self._stage(asked, "active"))
        routes.add("POST", f"{PREFIX}/set-experiment-tag", self._set_tag)

    def get(self, experiment_id: str) -> dict[str, Any]:
        """The experiment with that id, deleted or not."""
        if experiment_id not in self.by_id:
            raise missing(f"Node ID {experiment_id} does not exist.")
        return self.by_id[experiment_id]

    def usable(self, experiment_id: str) -> dict[str, Any]:
        """The experiment, for something to be written to it."""
        experiment = self.get(experiment_id)
        if experiment["lifecycle_stage"] != "active":
            raise invalid(f"Experiment {experiment_id} is deleted.")
        return experiment

    def named(self, name: str) -> dict[str, Any] | None:
        """The living experiment of that name, else a deleted one."""
        found = [each for each in self.by_id.values() if each["name"] == name]
        return next((each for each in found if each["lifecycle_stage"] == "active"), found[0] if found else None)

    def make(self, name: str) -> str:
        """Make an experiment; answer its id."""
        with self._lock:
            existing = self.named(name)
            if existing is not None and existing["lifecycle_stage"] == "active":
                raise FailedError(400, "RESOURCE_ALREADY_EXISTS", f"Node named '{name}' already exists")
            experiment_id = str(1001 + len(self.by_id))
            self.by_id[experiment_id] = {
                "experiment_id": experiment_id,
                "name": name,
                "artifact_location": f"dbfs:/databricks/mlflow-tracking/{experiment_id}",
                "lifecycle_stage": "active",
                "tags": [],
            }
        return experiment_id

    def set_tag(self, experiment_id: str, key: str, value: str) -> None:
        """Set one of the experiment's tags."""
        experiment = self.get(experiment_id)
        others = [tag for tag in experiment["tags"] if tag["key"] != key]
        experiment["tags"] = [*others, {"key": key, "value": value}]

    def _create(self, asked: Asked) -> dict[str, Any]:
        name = asked.json()["name"]
        if not name.startswith("/"):
            raise invalid(
                f"Got an invalid experiment name '{name}'. An experiment name must be an absolute path within the "
                "Databricks workspace. E.g. '/Users/<some-username>/my-experiment'."
            )
        name = canonical(name)
        self._folders.check_parent(name)
        return {"experiment_id": self.make(name)}

    def _get_by_name(self, asked: Asked) -> dict[str, Any]:
        name = asked.query("experiment_name")
        experiment = self.named(name)
        if experiment is None:
            raise missing(f"Node {name} does not exist.")
        return {"experiment": experiment}

    def _search(self, asked: Asked) -> dict[str, Any]:
        return {"experiments": [each for each in self.by_id.values() if each["lifecycle_stage"] == "active"]}

    def _stage(self, asked: Asked, stage: str) -> dict[str, Any]:
        self.get(asked.json()["experiment_id"])["lifecycle_stage"] = stage
        return {}

    def _set_tag(self, asked: Asked) -> dict[str, Any]:
        tag = asked.json()
        self.set_tag(tag["experiment_id"], tag["key"], tag["value"])
        return {}
