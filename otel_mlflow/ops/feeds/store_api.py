"""MLflow's tracking API in this process: its store classes, for databases that are named by their URI.

`SqlAlchemyStore` of MLflow 3.17: `search_traces`, `query_trace_metrics`, `batch_get_traces`, `search_experiments`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from otel_mlflow.backends.calls import call_with_timeout
from otel_mlflow.backends.experiments import FoundExperiment
from otel_mlflow.delivery.destinations.tracking_store import open_store
from otel_mlflow.errors import DeliveryError, MisconfigurationError, RetryableError
from otel_mlflow.ops.feeds.trace_api import (
    PAGE_SIZE,
    Json,
    Measure,
    Scope,
    SpanSummary,
    Times,
    metrics_request,
    milliseconds,
    search_filter,
)
from otel_mlflow.ops.sources.base import Wanted
from otel_mlflow.settings.addresses import redacted_address

LONGEST_OPENING = 5.0
"""Seconds for connecting to the database."""

T = TypeVar("T")


class StoreApi:
    """The store at `uri`."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        # MLflow tries for minutes to reach a database, with no setting for it.
        self._store = self._asked(
            lambda: call_with_timeout(lambda: open_store(uri, redacted_address(uri)), LONGEST_OPENING)
        )

    def found(self, wanted: Wanted) -> FoundExperiment:
        """The configured experiment. Raises `MisconfigurationError` where it is not there (yet)."""
        if wanted.id:
            found = self._asked(lambda: self._store.get_experiment(wanted.id))
        else:
            found = self._asked(lambda: self._store.get_experiment_by_name(wanted.name))
        if found is None:
            raise wanted.missing_in(f"the database at {redacted_address(self._uri)}")
        return FoundExperiment(found.experiment_id, found.name, found.lifecycle_stage == "deleted")

    def experiments(self) -> list[str]:
        """The ids of all that are not deleted, up to a thousand."""
        return [each.experiment_id for each in self._asked(lambda: self._store.search_experiments(max_results=1000))]

    def search(self, scope: Scope, condition: str, *, limit: int, page_token: str | None) -> tuple[list[Json], str]:
        """Trace infos, the newest first, and the token of the page after them."""
        from google.protobuf.json_format import MessageToDict

        found, token = self._asked(
            lambda: self._store.search_traces(
                locations=list(scope.experiment_ids),
                filter_string=search_filter(scope, condition) or None,
                max_results=min(limit, PAGE_SIZE),
                order_by=["timestamp_ms DESC"],
                page_token=page_token or None,
            )
        )
        return [MessageToDict(each.to_proto(), preserving_proto_field_name=True) for each in found], token or ""

    def metrics(self, scope: Scope, measure: Measure, times: Times) -> list[Json]:
        """A measure by step."""
        from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType

        asked = metrics_request(scope, measure, times)
        asked["view_type"] = MetricViewType(measure.view)
        asked["aggregations"] = [MetricAggregation(AggregationType(measure.aggregation))]
        found = self._asked(lambda: self._store.query_trace_metrics(**asked))
        return [{"dimensions": each.dimensions, "values": each.values} for each in found]

    def spans(self, trace_ids: Sequence[str]) -> Mapping[str, list[SpanSummary]]:
        """The spans of traces. One that cannot be read back is an error for all, as at a server that answers 500."""
        try:
            found = self._asked(lambda: self._store.batch_get_traces(list(trace_ids)))
        except ValueError as error:
            raise RetryableError(f"MLflow cannot read spans of these traces back: {error}") from error
        return {each.info.trace_id: [_span_summary(span) for span in each.data.spans] for each in found}

    def close(self) -> None:
        """MLflow keeps its stores for the life of the process."""

    def _asked(self, ask: Callable[[], T]) -> T:
        """What MLflow and SQLAlchemy raise is sorted by what can be done about it; none of it holds the password."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return ask()
        except DeliveryError:
            raise
        except MlflowException as error:
            raise MisconfigurationError(
                f"MLflow at {redacted_address(self._uri)}: {error.message}", "correct tracking_uri"
            ) from error
        except (SQLAlchemyError, TimeoutError, OSError) as error:
            raise RetryableError(
                f"the database at {redacted_address(self._uri)} does not answer: {type(error).__name__}",
                "check that it runs, its credentials, and that its driver is installed",
            ) from error


def _span_summary(span: Any) -> SpanSummary:
    is_failed = str(span.status.status_code) == "SpanStatusCode.ERROR"
    return SpanSummary(span.name, span.attributes, is_failed, milliseconds(span.start_time_ns, span.end_time_ns))
