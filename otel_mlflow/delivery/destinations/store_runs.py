"""Runs in a local tracking store, through MLflow's own store classes."""

from __future__ import annotations

from typing import Any

from otel_mlflow.delivery.destinations.request_runs import TRACE_TAG, RequestRun


class StoreRuns:
    """The runs of an MLflow store. Raises MLflow's own exceptions."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def find(self, experiment_id: str, trace_id: str) -> str | None:
        """Search by the tag."""
        from mlflow.entities import ViewType

        condition = f"tags.`{TRACE_TAG}` = '{trace_id}'"
        runs = self._store.search_runs([experiment_id], condition, ViewType.ACTIVE_ONLY, max_results=1)
        return str(runs[0].info.run_id) if runs else None

    def create(self, experiment_id: str, run: RequestRun) -> str:
        """Make it; who ran it is in its tags."""
        from mlflow.entities import RunTag

        tags = [RunTag(key, value) for key, value in run.tags.items()]
        created = self._store.create_run(
            experiment_id, user_id="", start_time=run.start_time_ms, tags=tags, run_name=run.name
        )
        return str(created.info.run_id)

    def set_tags(self, run_id: str, tags: dict[str, str]) -> None:
        """Log a batch of tags."""
        from mlflow.entities import RunTag

        self._store.log_batch(run_id, metrics=[], params=[], tags=[RunTag(key, value) for key, value in tags.items()])

    def log(self, run_id: str, params: dict[str, str], metrics: dict[str, float], at_ms: int) -> None:
        """Log a batch."""
        from mlflow.entities import Metric, Param

        self._store.log_batch(
            run_id,
            metrics=[Metric(key, value, at_ms, 0) for key, value in metrics.items()],
            params=[Param(key, value) for key, value in params.items()],
            tags=[],
        )

    def finish(self, run_id: str, run: RequestRun) -> None:
        """Update it."""
        from mlflow.entities import RunStatus

        status = RunStatus.from_string(run.status)
        self._store.update_run_info(run_id, status, run.end_time_ms, run.name)

    def end(self, run_id: str, status: str, end_time_ms: int) -> None:
        """Update it."""
        from mlflow.entities import RunStatus

        self._store.update_run_info(run_id, RunStatus.from_string(status), end_time_ms, None)
