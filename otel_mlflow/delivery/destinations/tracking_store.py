"""A local tracking store: MLflow's own store classes in this process, on `sqlite:///…` or another database."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import re
from collections.abc import Callable, Iterable, Sequence, Set
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from packaging.version import Version

from otel_mlflow.backends.experiments import Experiments, FoundExperiment
from otel_mlflow.backends.received_spans import received_span
from otel_mlflow.backends.required import require
from otel_mlflow.backends.response import error_for_status
from otel_mlflow.delivery.destinations.base import Connected, partially_rejected
from otel_mlflow.delivery.destinations.follow_ups import is_follow_up, send_follow_up
from otel_mlflow.delivery.destinations.otlp import spans_in
from otel_mlflow.delivery.destinations.request_runs import RequestRuns
from otel_mlflow.delivery.destinations.store_file import await_tables, make_store_file
from otel_mlflow.delivery.destinations.store_runs import StoreRuns
from otel_mlflow.delivery.destinations.trace_info import latest_info, needs_request, trace_info
from otel_mlflow.delivery.forking import fork_unsafe
from otel_mlflow.delivery.records import SpooledFeedback, SpooledTrace
from otel_mlflow.errors import DeliveryError, MisconfigurationError, RejectedError, TraceNotFoundError
from otel_mlflow.settings.addresses import redacted_address
from otel_mlflow.status import Experiment

if TYPE_CHECKING:
    from mlflow.entities import Experiment as MlflowExperiment
    from mlflow.entities import Span
    from mlflow.exceptions import MlflowException

_CORRECT = "correct tracking_uri"
_RUN = f"check that its database runs, and its credentials, or {_CORRECT}"
_HALF_MADE = re.compile(r"already exists|duplicate column|no such column|no such table")


P = ParamSpec("P")
R = TypeVar("R")
Method = Callable[Concatenate["TrackingStore", P], R]


def _holding_forks(method: Method[P, R]) -> Method[P, R]:
    """Have forks wait for it, if the database is SQLite's: no other is held by anything of this process."""

    @functools.wraps(method)
    def run(store: TrackingStore, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with fork_unsafe() if store.is_sqlite else contextlib.nullcontext():
            return method(store, *args, **kwargs)

    return run


class TrackingStore:
    """The store at `uri`. MLflow's own code writes to it, on the forwarder's thread."""

    accepts_metadata_later = False

    def __init__(self, uri: str, *, experiment_name: str, experiment_id: str | None) -> None:
        self._uri = uri
        self._shown = redacted_address(uri)
        self.is_sqlite = uri.startswith("sqlite")
        self._experiment_name = experiment_name
        self._experiment_id = experiment_id
        self._store: Any = None

    @_holding_forks
    def open(self) -> Connected:
        """Open the database, made if it is missing, and find the experiment."""
        self._store = open_store(self._uri, self._shown)
        self._version = Version(importlib.metadata.version("mlflow"))
        self._experiments = Experiments(_Api(self._store, self._shown))
        self._runs = RequestRuns(StoreRuns(self._store))
        found = self._experiments.configured(experiment_id=self._experiment_id, name=self._experiment_name)
        self._configured_id = found.id
        return Connected(self._shown, Experiment(found.id, found.name, ""), "this process's user", "none")

    def close(self) -> None:
        """MLflow keeps its stores for the life of the process."""
        self._store = None

    def needs_info(self, trace: SpooledTrace) -> bool:
        """Where the spans do not carry all of it, or this MLflow does not understand it."""
        return needs_request(trace, self._version)

    @_holding_forks
    def send(self, batch: Sequence[SpooledTrace]) -> None:
        """Spans of all first, then the info of each, as to an MLflow server."""
        from mlflow.exceptions import MlflowException

        experiment_id = self._experiment_of(batch[0])
        refused: dict[str, str] = {}
        try:
            if spans := _spans(trace.spans for trace in batch):
                self._store.log_spans(experiment_id, spans)
            for trace in latest_info(batch):
                self._start(trace, experiment_id, refused)
        except MlflowException as error:
            raise self._error(error, experiment_id, batch[0].experiment) from error
        if refused:
            raise partially_rejected(batch, refused)

    @_holding_forks
    def log_assessment(self, feedback: SpooledFeedback) -> None:
        """Create the assessment."""
        if is_follow_up(feedback):
            send_follow_up(feedback, self._uri)
            return
        from google.protobuf.json_format import ParseDict
        from mlflow.entities import Assessment
        from mlflow.exceptions import MlflowException
        from mlflow.protos.service_pb2 import CreateAssessment

        message = ParseDict(json.loads(feedback.payload), CreateAssessment())
        assessment = Assessment.from_proto(message.assessment)  # type: ignore[no-untyped-call]
        assessment.trace_id = feedback.trace_id
        try:
            self._store.create_assessment(assessment)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise TraceNotFoundError(f"{self._shown} does not know trace {feedback.trace_id}") from error
            if not self._has(feedback):
                raise _sorted_out(error, self._shown) from error

    def _has(self, feedback: SpooledFeedback) -> bool:
        """Whether it came through an earlier time: MLflow has no error code for an id that is taken."""
        from mlflow.exceptions import MlflowException

        try:
            self._store.get_assessment(feedback.trace_id, feedback.assessment_id)
        except MlflowException:
            return False
        return True

    def _experiment_of(self, trace: SpooledTrace) -> str:
        return self._configured_id if trace.experiment is None else self._experiments.id_of(trace.experiment)

    def _start(self, trace: SpooledTrace, experiment_id: str, refused: dict[str, str]) -> None:
        from google.protobuf.json_format import ParseDict
        from mlflow.entities import TraceInfo
        from mlflow.exceptions import MlflowException
        from mlflow.protos.service_pb2 import StartTraceV3

        try:
            run_id = self._runs.run_of(trace, experiment_id)
            message = ParseDict(trace_info(trace, experiment_id, run_id), StartTraceV3())
            self._store.start_trace(TraceInfo.from_proto(message.trace.trace_info))
        except MlflowException as error:
            sorted_out = self._error(error, experiment_id, trace.experiment)
            if not isinstance(sorted_out, RejectedError):
                raise
            refused[trace.trace_id] = sorted_out.reason

    def _error(self, error: MlflowException, experiment_id: str, name: str | None) -> DeliveryError:
        """MLflow refuses a trace and a missing experiment in the same words: check whether it is the experiment."""
        sorted_out = _sorted_out(error, self._shown)
        if not isinstance(sorted_out, RejectedError):
            return sorted_out
        try:
            if name is None:
                self._experiments.configured(experiment_id=experiment_id, name="")
            else:
                self._experiments.forget(name)
                self._experiments.id_of(name)
        except MisconfigurationError as unusable:
            return unusable
        return sorted_out


class _Api:
    """Experiments in MLflow's store."""

    def __init__(self, store: Any, shown_uri: str) -> None:
        self._store = store
        self._shown = shown_uri

    def by_name(self, name: str) -> FoundExperiment | None:
        return _found(self._store.get_experiment_by_name(name))

    def by_id(self, experiment_id: str) -> FoundExperiment | None:
        from mlflow.exceptions import MlflowException

        try:
            return _found(self._store.get_experiment(experiment_id))
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise _sorted_out(error, self._shown) from error

    def create(self, name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._store.create_experiment(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise _sorted_out(error, self._shown) from error


def _found(experiment: MlflowExperiment | None) -> FoundExperiment | None:
    if experiment is None:
        return None
    return FoundExperiment(experiment.experiment_id, experiment.name, experiment.lifecycle_stage == "deleted")


def open_store(uri: str, shown_uri: str) -> Any:
    """MLflow's own store, its database made where it is missing.

    Raises `MisconfigurationError` where it cannot be opened.
    """
    try:
        from alembic.util import CommandError
        from mlflow.exceptions import MlflowException
        from mlflow.store.tracking.abstract_store import AbstractStore
        from sqlalchemy.exc import OperationalError, SQLAlchemyError
    except ImportError as error:
        raise MisconfigurationError(
            f"a tracking store at {shown_uri} needs the whole of MLflow: {error}",
            "pip install 'otel-mlflow[server]', or set tracking_uri to an MLflow server",
        ) from error
    require("mlflow_store")
    from mlflow.tracking._tracking_service.utils import _get_store

    try:
        make_store_file(uri, _make_tables)
        await_tables(uri, _expected_tables())
        _connect(uri)
        store = _get_store(uri)  # type: ignore[no-untyped-call]
    except CommandError as error:
        raise _unusable(shown_uri, error, "`mlflow db upgrade` with the newest MLflow that wrote there") from error
    except OperationalError as error:
        if not uri.startswith("sqlite"):
            raise MisconfigurationError(f"the tracking store at {shown_uri} does not answer: {error}", _RUN) from error
        fix = f"tables of it are half made: move its file away if it is new, or {_CORRECT}"
        raise _unusable(shown_uri, error, fix if _HALF_MADE.search(str(error)) else _CORRECT) from error
    except (MlflowException, SQLAlchemyError, OSError, ImportError) as error:
        raise _unusable(shown_uri, error, _CORRECT) from error
    if type(store).log_spans is AbstractStore.log_spans:
        raise MisconfigurationError(
            f"the tracking store at {shown_uri}, a {type(store).__name__}, takes no spans",
            "set tracking_uri to a database, sqlite:///mlflow.db say; `mlflow migrate-filestore` moves what is there",
        )
    return store


def _make_tables(uri: str) -> None:
    """Make the tables of an empty database, and close it."""
    from mlflow.tracking._tracking_service.utils import _get_store

    _get_store(uri).engine.dispose()  # type: ignore[no-untyped-call]


def _connect(uri: str) -> None:
    """Connect to a database once. MLflow tries for 100 s, under locks that the application's own stores wait for."""
    from mlflow.store.db.db_types import DATABASE_ENGINES
    from mlflow.store.db.utils import create_sqlalchemy_engine

    if uri.partition(":")[0].partition("+")[0] not in DATABASE_ENGINES:
        return
    engine = create_sqlalchemy_engine(uri)  # type: ignore[no-untyped-call]
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def _expected_tables() -> Set[str]:
    """The tables that every store of this MLflow has."""
    from mlflow.store.db.base_sql_model import Base
    from mlflow.store.tracking.dbmodels import models  # noqa: F401, it names them

    return set(Base.metadata.tables)


def _unusable(shown_uri: str, error: Exception, fix: str) -> MisconfigurationError:
    return MisconfigurationError(f"the tracking store at {shown_uri} cannot be opened: {error}", fix)


def _spans(requests: Iterable[bytes]) -> list[Span]:
    try:
        return [received_span(span) for span in spans_in(requests)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # A tracking server says no more of it than that (`mlflow.server.otel_api`).
        raise RejectedError(f"Cannot convert OpenTelemetry span to MLflow span: {error}") from error


def _sorted_out(error: MlflowException, shown_uri: str) -> DeliveryError:
    status: int = error.get_http_status_code()  # type: ignore[no-untyped-call]
    return error_for_status(status, f"the tracking store at {shown_uri} says: {error.message}")
