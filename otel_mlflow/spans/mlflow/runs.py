"""One active MLflow run per request, and runs where the traces are.

MLflow keeps its stack of active runs per thread (`mlflow.tracking.fluent._active_run_stack`), and concurrent `async`
handlers share one. Inside a request of ours the stack is the request's own; everywhere else it stays MLflow's.
Where user code has set neither a tracking URI nor an experiment, `mlflow.start_run()` in a handler uses those of the
traces, so that a trace and its run are found together. They are set without MLflow's setters: one writes the URI, which
may hold a password, into the process's environment, the other asks the server on the caller's thread.
"""

from __future__ import annotations

import functools
import threading
import time
from contextvars import ContextVar
from typing import Any

import mlflow
import mlflow.tracking._tracking_service.utils
import mlflow.tracking.fluent
from mlflow.exceptions import MlflowException
from typing_extensions import override

from otel_mlflow.integrations import INTEGRATIONS
from otel_mlflow.settings.values import whole_path
from otel_mlflow.spans.mlflow.run_ender import RUN_ENDER
from otel_mlflow.spans.trace import OpenTrace

mlflow_fluent: Any = mlflow.tracking.fluent
mlflow_service: Any = mlflow.tracking._tracking_service.utils


class ActiveRuns(list[Any]):
    """The active runs of one request, innermost last. The first one started is the trace's source run.

    While one is open the trace waits for it: who sees the trace finds its run ended.
    """

    def __init__(self, trace: OpenTrace) -> None:
        super().__init__()
        self.trace = trace

    @override
    def append(self, run: Any) -> None:
        super().append(run)
        if not self.trace.export.released:
            self.trace.export.held = True
        if self.trace.source_run is None:
            self.trace.source_run = str(run.info.run_id)
            self.trace.mark_changed()

    @override
    def pop(self, *index: Any) -> Any:
        run = super().pop(*index)
        if not self:
            self.trace.resume()
        return run


REQUEST_TRACE: ContextVar[OpenTrace | None] = ContextVar("otel_mlflow_request_trace", default=None)
"""The trace of the request whose context this is."""


def end_left_open(trace: OpenTrace, *, failed: bool) -> None:
    """The request is over, and with it the runs that it left open: `mlflow.log_param` without a run opens one.

    They are ended before their trace arrives, by whoever delivers it; those of another server by a thread of ours.
    """
    status = "FAILED" if failed else "FINISHED"
    uri = mlflow.get_tracking_uri()
    for run in trace.runs or ():
        run_id = str(run.info.run_id)
        if _goes_with_traces(uri):
            trace.open_runs[run_id] = {"status": status, "end_time_ms": time.time_ns() // 1_000_000}
        else:
            RUN_ENDER.end(run_id, status, uri)
    trace.resume()


class _RunStack:
    """In place of MLflow's thread-local stack."""

    def __init__(self, outside: Any) -> None:
        self.outside = outside

    def get(self) -> Any:
        trace = REQUEST_TRACE.get()
        if trace is None:
            return self.outside.get()
        if trace.runs is None:
            trace.runs = ActiveRuns(trace)
        return trace.runs

    def set(self, value: Any) -> None:
        self.outside.set(value)

    def get_all_thread_values(self) -> dict[int, Any]:
        """In a request that has a run, those of this request: MLflow takes the latest, to link a prompt to it."""
        trace = REQUEST_TRACE.get()
        if trace is not None and trace.runs:
            return {threading.get_ident(): trace.runs}
        values: dict[int, Any] = self.outside.get_all_thread_values()
        return values

    def reset(self) -> None:
        self.outside.reset()


def install() -> None:
    """Put our stack in front of MLflow's. Does nothing the second time."""
    if INTEGRATIONS.works("mlflow_runs") and not isinstance(mlflow_fluent._active_run_stack, _RunStack):
        mlflow_fluent._active_run_stack = _RunStack(mlflow_fluent._active_run_stack)


def uninstall() -> None:
    """Give MLflow its own stack back."""
    _DEFAULTS.tracking_uri = _DEFAULTS.experiment_name = None
    if INTEGRATIONS.works("mlflow_runs") and isinstance(mlflow_fluent._active_run_stack, _RunStack):
        mlflow_fluent._active_run_stack = mlflow_fluent._active_run_stack.outside


class _Defaults:
    """Where the traces go: what runs follow."""

    tracking_uri: str | None = None
    experiment_name: str | None = None


_DEFAULTS = _Defaults()


def _goes_with_traces(uri: str) -> bool:
    return whole_path(uri) == _DEFAULTS.tracking_uri


def use_tracking_uri(uri: str | None) -> None:
    """Let runs go where the traces go, unless user code or MLflow's environment says otherwise."""
    _DEFAULTS.tracking_uri = uri
    if uri is None or not INTEGRATIONS.works("mlflow_runs"):
        return
    if not mlflow_service.is_tracking_uri_set():
        mlflow_service._tracking_uri = uri


def use_experiment(experiment_id: str) -> None:
    """Let runs go into the experiment of the traces, unless user code has chosen another."""
    if INTEGRATIONS.works("mlflow_runs") and mlflow_fluent._active_experiment_id is None:
        mlflow_fluent._active_experiment_id = experiment_id


def use_experiment_named(name: str) -> None:
    """Let runs go into the experiment of this name, for as long as its id is not known."""
    _DEFAULTS.experiment_name = name
    if INTEGRATIONS.works("mlflow_default_experiment"):
        _register_default_experiment()


def _register_default_experiment() -> None:
    """MLflow asks its providers in the order in which they were registered; ours is registered once a process."""
    from mlflow.tracking.default_experiment import registry

    providers: Any = registry._default_experiment_provider_registry
    ours = _provider_class()
    if not any(type(provider) is ours for provider in providers):
        providers.register(ours)


@functools.cache
def _provider_class() -> type[Any]:
    from mlflow.tracking.default_experiment.abstract_context import DefaultExperimentProvider

    class TracesExperiment(DefaultExperimentProvider):
        """The experiment of the traces, found or made by its name on the thread of whoever starts a run."""

        def in_context(self) -> bool:
            return _DEFAULTS.experiment_name is not None and _goes_with_traces(mlflow.get_tracking_uri())

        def get_experiment_id(self) -> Any:
            return _find_or_create_experiment(str(_DEFAULTS.experiment_name))

    return TracesExperiment


def _find_or_create_experiment(name: str) -> str:
    """The experiment's id; it may be made by the delivery or another process meanwhile."""
    client = mlflow.MlflowClient()
    if (found := client.get_experiment_by_name(name)) is not None:
        return found.experiment_id
    try:
        return client.create_experiment(name)
    except MlflowException:
        if (found := client.get_experiment_by_name(name)) is None:
            raise
        return found.experiment_id
