"""Traces of classic experiments: their info here, their spans in artifact storage."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from mlflow.entities import TraceInfo
from mlflow.protos.service_pb2 import StartTraceV3

from tests.servers.workspace.asked import Asked, FailedError, invalid, missing
from tests.servers.workspace.experiments import Experiments
from tests.servers.workspace.routing import Routes
from tests.servers.workspace.searching import matcher, page
from tests.servers.workspace.storage import Storage

V2, V3 = "/api/2.0/mlflow/traces", "/api/3.0/mlflow/traces"
LIMIT = 100_000
"""Traces in an experiment (docs: "Resource limits", MLflow)."""

METADATA_LENGTH = 250
"""`mlflow.tracing.constant.MAX_CHARS_IN_TRACE_INFO_METADATA`"""


class Traces:
    """Trace infos by id, as MLflow's REST API shows them."""

    def __init__(self, experiments: Experiments, storage: Storage) -> None:
        self.infos: dict[str, dict[str, Any]] = {}
        self.limit = LIMIT
        self._experiments = experiments
        self._storage = storage

    def mount(self, routes: Routes) -> None:
        """Answer its paths."""
        routes.add("POST", V3, self._start)
        routes.add("GET", f"{V3}/{{trace_id}}", lambda asked, trace_id: _trace(self.get(trace_id)))
        routes.add("POST", f"{V3}/search", self._search)
        routes.add("POST", f"{V3}/delete-traces", self._delete)
        routes.add("POST", f"{V2}/delete-traces", self._delete)
        routes.add("PATCH", f"{V2}/{{trace_id}}/tags", self._set_tag)
        routes.add("GET", f"{V2}/{{trace_id}}/credentials-for-data-upload", self._credential)
        routes.add("GET", f"{V2}/{{trace_id}}/credentials-for-data-download", self._credential)

    def get(self, trace_id: str) -> dict[str, Any]:
        """The info of one trace."""
        if trace_id not in self.infos:
            raise missing(f"Trace {trace_id} not found.")
        return self.infos[trace_id]

    def in_experiment(self, experiment_id: str) -> list[dict[str, Any]]:
        """The infos of an experiment's traces, the newest first."""
        found = [info for info in self.infos.values() if experiment_of(info) == experiment_id]
        return sorted(found, key=lambda info: str(info["request_time"]), reverse=True)

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """The spans in artifact storage, none while nothing has arrived there."""
        stored = self._storage.files.get(self._path(trace_id), b'{"spans": []}')
        found: list[dict[str, Any]] = json.loads(stored)["spans"]
        return found

    def _start(self, asked: Asked) -> dict[str, Any]:
        try:
            message = ParseDict(asked.json(), StartTraceV3())
        except ParseError as error:
            raise invalid(str(error)) from error
        info = MessageToDict(message.trace.trace_info, preserving_proto_field_name=True)
        # A trace that is there keeps its tags, as in MLflow's own server (`SqlAlchemyStore.start_trace`).
        trace_id, experiment_id = info["trace_id"], experiment_of(info)
        experiment = self._experiments.usable(experiment_id)
        check_lengths(info)
        if trace_id not in self.infos and len(self.in_experiment(experiment_id)) >= self.limit:
            raise FailedError(400, "RESOURCE_LIMIT_EXCEEDED", f"Experiment {experiment_id} has {self.limit} traces.")
        location = f"{experiment['artifact_location']}/{trace_id}/artifacts"
        before = self.infos.get(trace_id, {}).get("tags", {"mlflow.user": asked.identity})
        info["tags"] = {**before, **info.get("tags", {}), "mlflow.artifactLocation": location}
        self.infos[trace_id] = info
        return _trace(info)

    def _credential(self, asked: Asked, trace_id: str) -> dict[str, Any]:
        return self._storage.credential(self._path(trace_id))

    def _path(self, trace_id: str) -> str:
        return f"bucket/{experiment_of(self.get(trace_id))}/{trace_id}/artifacts/traces.json"

    def _set_tag(self, asked: Asked, trace_id: str) -> dict[str, Any]:
        tag = asked.json()
        self.get(trace_id)["tags"][tag["key"]] = tag["value"]
        return {}

    def _delete(self, asked: Asked) -> dict[str, Any]:
        ids = [trace_id for trace_id in asked.json().get("request_ids", []) if trace_id in self.infos]
        for trace_id in ids:
            del self.infos[trace_id]
        return {"traces_deleted": len(ids)}

    def _search(self, asked: Asked) -> dict[str, Any]:
        wanted = asked.json()
        matches = matcher(wanted.get("filter", ""), look_up)
        ids = [location["mlflow_experiment"]["experiment_id"] for location in wanted.get("locations", [])]
        found = [info for experiment_id in ids for info in self.in_experiment(experiment_id) if matches(info)]
        infos, token = page(found, wanted)
        return {"traces": infos, "next_page_token": token}


def experiment_of(info: dict[str, Any]) -> str:
    """The id of the experiment that a trace is in."""
    return str(info["trace_location"]["mlflow_experiment"]["experiment_id"])


def check_lengths(info: dict[str, Any]) -> None:
    """Raise for metadata longer than MLflow's client ever sends it."""
    too_long = [key for key, value in info.get("trace_metadata", {}).items() if len(value) > METADATA_LENGTH]
    if too_long:
        raise invalid(f"Trace metadata {too_long} has more than {METADATA_LENGTH} characters.")


def look_up(info: dict[str, Any], field: str) -> Any:
    """`tags.key`, `metadata.key`, `trace.timestamp_ms` and the like."""
    kind, _, key = field.partition(".")
    if kind in ("tags", "tag"):
        return info.get("tags", {}).get(key)
    if kind in ("metadata", "request_metadata"):
        return info.get("trace_metadata", {}).get(key)
    name = key or kind
    if name in ("timestamp_ms", "timestamp"):
        return TraceInfo.from_proto(ParseDict(_trace(info), StartTraceV3()).trace.trace_info).request_time
    return info.get({"status": "state"}.get(name, name))


def _trace(info: dict[str, Any]) -> dict[str, Any]:
    return {"trace": {"trace_info": info}}
