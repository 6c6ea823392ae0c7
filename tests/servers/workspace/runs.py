"""Runs."""

from __future__ import annotations

import secrets
from typing import Any

from tests.servers.workspace.asked import Asked, missing
from tests.servers.workspace.experiments import Experiments
from tests.servers.workspace.routing import Routes
from tests.servers.workspace.searching import matcher, page

PREFIX = "/api/2.0/mlflow/runs"


class Runs:
    """Runs by id, as MLflow's REST API shows them."""

    def __init__(self, experiments: Experiments) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}
        self._experiments = experiments

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", f"{PREFIX}/create", self._create)
        routes.add("POST", f"{PREFIX}/update", self._update)
        routes.add("GET", f"{PREFIX}/get", lambda asked: {"run": self._get(asked.query("run_id"))})
        routes.add("POST", f"{PREFIX}/search", self._search)
        routes.add("POST", f"{PREFIX}/log-batch", lambda asked: self._log(asked.json(), asked.json()))
        routes.add("POST", f"{PREFIX}/log-parameter", lambda asked: self._log(asked.json(), {"params": [asked.json()]}))
        routes.add("POST", f"{PREFIX}/log-metric", lambda asked: self._log(asked.json(), {"metrics": [asked.json()]}))
        routes.add("POST", f"{PREFIX}/set-tag", lambda asked: self._log(asked.json(), {"tags": [asked.json()]}))
        routes.add("POST", f"{PREFIX}/delete", self._delete)

    def _get(self, run_id: str) -> dict[str, Any]:
        if run_id not in self.by_id:
            raise missing(f"Run '{run_id}' not found.")
        return self.by_id[run_id]

    def _create(self, asked: Asked) -> dict[str, Any]:
        wanted = asked.json()
        experiment = self._experiments.usable(wanted["experiment_id"])
        run_id = secrets.token_hex(16)
        info = {
            "run_id": run_id,
            "run_uuid": run_id,
            "run_name": wanted.get("run_name", ""),
            "experiment_id": wanted["experiment_id"],
            "user_id": asked.identity,
            "status": "RUNNING",
            "start_time": wanted.get("start_time", 0),
            "artifact_uri": f"{experiment['artifact_location']}/{run_id}/artifacts",
            "lifecycle_stage": "active",
        }
        tags = {tag["key"]: tag["value"] for tag in wanted.get("tags", [])}
        data = {"metrics": [], "params": [], "tags": _pairs({"mlflow.user": asked.identity, **tags})}
        self.by_id[run_id] = {"info": info, "data": data}
        return {"run": self.by_id[run_id]}

    def _update(self, asked: Asked) -> dict[str, Any]:
        wanted = asked.json()
        info = self._get(wanted["run_id"])["info"]
        info.update({key: wanted[key] for key in ("status", "end_time", "run_name") if key in wanted})
        return {"run_info": info}

    def _log(self, about: dict[str, Any], logged: dict[str, Any]) -> dict[str, Any]:
        data = self._get(about.get("run_id") or about["run_uuid"])["data"]
        for kind in ("metrics", "params", "tags"):
            news = [{key: each[key] for key in each if not key.startswith("run_")} for each in logged.get(kind, [])]
            replaced = {each["key"] for each in news}
            data[kind] = [each for each in data[kind] if each["key"] not in replaced] + news
        return {}

    def _search(self, asked: Asked) -> dict[str, Any]:
        wanted = asked.json()
        matches = matcher(wanted.get("filter", ""), _look_up)
        ids = wanted.get("experiment_ids", [])
        found = [run for run in self.by_id.values() if run["info"]["experiment_id"] in ids and matches(run)]
        runs, token = page(found, wanted)
        return {"runs": runs, "next_page_token": token}

    def _delete(self, asked: Asked) -> dict[str, Any]:
        self._get(asked.json()["run_id"])["info"]["lifecycle_stage"] = "deleted"
        return {}


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _look_up(run: dict[str, Any], field: str) -> Any:
    """`tags.key`, `params.key`, `metrics.key`, or a field of the run itself."""
    kind, _, key = field.partition(".")
    if kind in ("tags", "params", "metrics", "tag", "param", "metric"):
        pairs = run["data"][kind if kind.endswith("s") else f"{kind}s"]
        return next((pair["value"] for pair in pairs if pair["key"] == key), None)
    return run["info"].get(key or kind)
