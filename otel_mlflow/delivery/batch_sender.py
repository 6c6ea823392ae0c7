"""One batch on its way: sent, and where the backend refuses it, split until the one is found that it refuses."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from otel_mlflow.delivery.destinations.base import Destination
from otel_mlflow.delivery.experiment_choice import to_configured_experiment
from otel_mlflow.delivery.records import SpooledTrace
from otel_mlflow.delivery.retry import Step, next_action
from otel_mlflow.delivery.spool import Spool
from otel_mlflow.errors import (
    ExperimentRejectedError,
    MetadataUndeliveredError,
    PartiallyRejectedError,
    RejectedError,
    RetryableError,
    TracesNotFoundError,
)
from otel_mlflow.pacing import rest_if_due


@contextmanager
def not_the_spools() -> Generator[None, None, None]:
    """Around what a destination does: what its libraries raise must not be taken for a fault of our own disk."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise RetryableError(
            f"the backend cannot be used: {error}", "check that it is running and reachable"
        ) from error


@dataclass
class BatchSender:
    """Sends batches from `spool` to `destination`. What was not proved to have arrived stays in the spool."""

    spool: Spool
    destination: Destination
    refused: int = 0
    """How many records have been quarantined."""
    refusal: RejectedError | None = None
    """Why the last of them was."""
    arrived: list[SpooledTrace] = field(default_factory=list)
    """The traces that the backend has with their info, in the experiment that they are in there."""

    def deliver(self, batch: Sequence[SpooledTrace], *, spans_only: bool = False) -> None:
        """Deliver the batch; with `spans_only` what else it holds stays for later.

        Raises `RetryableError`, `MisconfigurationError`, `MetadataUndeliveredError` or `TracesNotFoundError` with what
        has not arrived still in the spool.
        """
        chosen = batch
        batch = [self._without_needless_info(trace) for trace in batch]
        try:
            self._send(batch, spans_only=spans_only)
        except ExperimentRejectedError as error:
            self.deliver([to_configured_experiment(trace, error.reason) for trace in chosen], spans_only=spans_only)
        except PartiallyRejectedError as error:
            self._quarantine(error.reasons)
            taken = [trace for trace in batch if trace.id not in error.reasons]
            self._delivered(taken, spans_only=spans_only)
            self._note_arrived(chosen, taken, spans_only=spans_only)
        except RejectedError as error:
            self._isolate(batch, error, spans_only=spans_only)
        except MetadataUndeliveredError:
            self._delivered(batch, spans_only=True)
            raise
        except TracesNotFoundError as error:
            self._await_traces(batch, error)
            raise
        else:
            self._delivered(batch, spans_only=spans_only)
            self._note_arrived(chosen, batch, spans_only=spans_only)

    def _send(self, batch: Sequence[SpooledTrace], *, spans_only: bool) -> None:
        if spans_only:
            batch = [replace(trace, info=b"") for trace in batch]
        elif with_info := [trace.id for trace in batch if trace.info]:
            self.spool.mark_attempted(with_info)
        rest_if_due()
        with not_the_spools():
            self.destination.send(batch)

    def _without_needless_info(self, trace: SpooledTrace) -> SpooledTrace:
        rest_if_due()
        return trace if trace.info and self.destination.needs_info(trace) else replace(trace, info=b"")

    def _isolate(self, batch: Sequence[SpooledTrace], error: RejectedError, *, spans_only: bool) -> None:
        action = next_action(error, records=len(batch), failures=0, chance=0.0)
        if action.step is Step.QUARANTINE:
            self._quarantine({batch[0].id: error.reason})
            return
        middle = len(batch) // 2
        self.deliver(batch[:middle], spans_only=spans_only)
        self.deliver(batch[middle:], spans_only=spans_only)

    def _await_traces(self, batch: Sequence[SpooledTrace], error: TracesNotFoundError) -> None:
        """Keep the info of those that may still come, and no longer than it is worth asking for them."""
        waiting = [trace for trace in batch if trace.id in error.records]
        given_up = [trace for trace in waiting if trace.attempts + 1 >= error.attempts]
        done = [trace for trace in batch if trace.id not in error.records]
        if error.may_be_left_out:
            done += given_up
        else:
            self._quarantine({trace.id: error.reason for trace in given_up})
        self._delivered(done, spans_only=False)
        self._delivered([trace for trace in waiting if trace not in given_up], spans_only=True)

    def _delivered(self, batch: Sequence[SpooledTrace], *, spans_only: bool) -> None:
        rest_if_due()
        if spans_only:
            self.spool.spans_delivered(batch)
        else:
            self.spool.drop_outdated(batch)
            self.spool.delivered(trace.id for trace in batch)

    def _note_arrived(self, chosen: Sequence[SpooledTrace], taken: Sequence[SpooledTrace], *, spans_only: bool) -> None:
        ids = {trace.id for trace in taken}
        self.arrived += [trace for trace in chosen if trace.id in ids and trace.info and not spans_only]

    def _quarantine(self, reasons: dict[int, str]) -> None:
        if not reasons:
            return
        self.spool.quarantine(reasons)
        self.refused += len(reasons)
        self.refusal = RejectedError(next(reversed(reasons.values())))
