"""One active MLflow run per request, and runs where the traces are.

MLflow keeps its stack of active runs per thread (`mlflow.tracking.fluent._active_run_stack`), and concurrent `async`
handlers share one. Inside a request of ours the stack is the request's own; everywhere else it stays MLflow's.
Where user code has set neither a tracking URI nor an experiment, `mlflow.start_run()` in a handler uses those of the
traces, so that a trace and its run are found together. They are set without MLflow's setters: one writes the URI, which
may hold a password, into the process's environment, the other asks the server on the caller's thread.
Tested with mlflow 3.8 to 3.17; `tests/unit/spans/test_runs.py` fails where a name or its use changes.
"""

from __future__ import annotations

import logging
import threading
from contextvars import ContextVar, Token
from typing import Any

import mlflow
import mlflow.tracking._tracking_service.utils
import mlflow.tracking.fluent
from mlflow.exceptions import MlflowException
from typing_extensions import override

from otel_mlflow.spans.trace import OpenTrace

logger = logging.getLogger("otel_mlflow")

mlflow_fluent: Any = mlflow.tracking.fluent
mlflow_service: Any = mlflow.tracking._tracking_service.utils


class RequestRuns(list[Any]):
    """The active runs of one request, innermost last. The first one started is the trace's source run."""

    def __init__(self, trace: OpenTrace) -> None:
        super().__init__()
        self._trace = trace

    @override
    def append(self, run: Any) -> None:
        super().append(run)
        if self._trace.source_run is None:
            self._trace.source_run = str(run.info.run_id)
            self._trace.mark_changed()


_RUNS: ContextVar[RequestRuns | None] = ContextVar("otel_mlflow_runs", default=None)


def enter_request(trace: OpenTrace) -> Token[RequestRuns | None]:
    """Give the request whose context this is an empty stack of runs."""
    return _RUNS.set(RequestRuns(trace))


def leave_request(token: Token[RequestRuns | None], *, failed: bool) -> None:
    """The request is over, and with it the runs that it left open: `mlflow.log_param` without a run opens one.

    They are ended on a thread of their own, for that takes an answer from the server.
    """
    left_open = [str(run.info.run_id) for run in _RUNS.get() or ()]
    _RUNS.reset(token)
    if left_open:
        status = "FAILED" if failed else "FINISHED"
        threading.Thread(target=_end, args=(left_open, status), name="otel-mlflow-runs", daemon=True).start()


def _end(run_ids: list[str], status: str) -> None:
    for run_id in run_ids:
        try:
            mlflow.MlflowClient().set_terminated(run_id, status)
        except MlflowException as error:
            logger.warning("run %s, left open by its request, could not be ended as %s: %s", run_id, status, error)


class _RunStack:
    """In place of MLflow's thread-local stack."""

    def __init__(self, outside: Any) -> None:
        self.outside = outside

    def get(self) -> Any:
        runs = _RUNS.get()
        return self.outside.get() if runs is None else runs

    def set(self, value: Any) -> None:
        self.outside.set(value)

    def get_all_thread_values(self) -> dict[int, Any]:
        values: dict[int, Any] = self.outside.get_all_thread_values()
        return values

    def reset(self) -> None:
        self.outside.reset()


def install() -> None:
    """Put our stack in front of MLflow's. Does nothing the second time."""
    if not isinstance(mlflow_fluent._active_run_stack, _RunStack):
        mlflow_fluent._active_run_stack = _RunStack(mlflow_fluent._active_run_stack)


def uninstall() -> None:
    """Give MLflow its own stack back."""
    if isinstance(mlflow_fluent._active_run_stack, _RunStack):
        mlflow_fluent._active_run_stack = mlflow_fluent._active_run_stack.outside


def use_tracking_uri(uri: str | None) -> None:
    """Let runs go where the traces go, unless user code or MLflow's environment says otherwise."""
    if uri is not None and not mlflow_service.is_tracking_uri_set():
        mlflow_service._tracking_uri = uri


def use_experiment(experiment_id: str) -> None:
    """Let runs go into the experiment of the traces, unless user code has chosen another."""
    if mlflow_fluent._active_experiment_id is None:
        mlflow_fluent._active_experiment_id = experiment_id
